//! Forms: fields with label, help and error tied together for screen readers, and
//! the buttons that send them.

use maud::{Markup, html};

use crate::visit::Visit;

/// What kind of value a field takes; browsers choose the keyboard by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// One line of text.
    Text,
    /// An access code or the like: no correction, no memory, letters apart.
    Code,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A password that exists.
    Password,
    /// A password that is being chosen.
    NewPassword,
    /// A whole number from … to ….
    Number {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A day.
    Date,
    /// Several lines of text.
    Lines {
        /// How many are shown.
        rows: u8,
    },
}

/// A field to fill in.
#[derive(Debug, Clone)]
pub struct Field<'a> {
    /// Its name in the form that is sent, unique on the page.
    pub name: &'a str,
    /// What to fill in.
    pub label: &'a str,
    /// What it takes.
    pub input: Input,
    /// What is in it; a password is never shown again.
    pub value: &'a str,
    /// How to fill it in, in a sentence.
    pub help: Option<&'a str>,
    /// What was wrong with what was sent.
    pub error: Option<&'a str>,
    /// Whether it has to be filled in.
    pub required: bool,
    /// The most characters it takes.
    pub max_length: Option<usize>,
    /// What browsers may fill in by themselves, such as `name` or `street-address`.
    pub autocomplete: Option<&'a str>,
}

/// One of several to choose from.
#[derive(Debug, Clone)]
pub struct Choice<'a> {
    /// What is sent.
    pub value: &'a str,
    /// What it says.
    pub label: &'a str,
    /// More about it, such as a price; may be empty.
    pub detail: &'a str,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

impl<'a> Field<'a> {
    /// An empty field of this kind that has to be filled in.
    pub fn new(name: &'a str, label: &'a str, input: Input) -> Self {
        Self {
            name,
            label,
            input,
            value: "",
            help: None,
            error: None,
            required: true,
            max_length: None,
            autocomplete: None,
        }
    }
}

/// A form that posts to `action` with the visitor's CSRF token.
pub fn post_form(visit: &Visit, action: &str, inside: Markup) -> Markup {
    html! {
        form.form method="post" action=(action) {
            (visit.csrf_field())
            (inside)
        }
    }
}

/// A field with its label, help and error.
pub fn field(field: &Field<'_>) -> Markup {
    html! {
        div.field .has-error[field.error.is_some()] {
            label for=(field.id()) {
                (field.label)
                @if !field.required { span.hint { " (optional)" } }
            }
            @if let Some(help) = field.help {
                p.help id={ (field.id()) "-help" } { (help) }
            }
            @if let Some(error) = field.error {
                p.error id={ (field.id()) "-error" } { (error) }
            }
            @match field.input {
                Input::Lines { rows } => (field.lines(rows)),
                _ => (field.line()),
            }
        }
    }
}

/// One of several, folded into a list.
pub fn select(name: &str, label: &str, choices: &[Choice<'_>]) -> Markup {
    html! {
        div.field {
            label for={ "field-" (name) } { (label) }
            select id={ "field-" (name) } name=(name) {
                @for choice in choices {
                    option value=(choice.value) selected[choice.is_chosen] {
                        (choice.label)
                        @if !choice.detail.is_empty() { " · " (choice.detail) }
                    }
                }
            }
        }
    }
}

/// One of several, all in sight.
pub fn choices(name: &str, legend: &str, choices: &[Choice<'_>]) -> Markup {
    html! {
        fieldset.choices {
            legend { (legend) }
            @for choice in choices {
                label.choice {
                    input type="radio" name=(name) value=(choice.value) checked[choice.is_chosen] required;
                    span.choice-label { (choice.label) }
                    @if !choice.detail.is_empty() { span.choice-detail { (choice.detail) } }
                }
            }
        }
    }
}

/// Yes or no; sends `yes` when ticked.
pub fn tick_box(name: &str, label: &str, is_ticked: bool) -> Markup {
    html! {
        label.tick {
            input type="checkbox" name=(name) value="yes" checked[is_ticked];
            span { (label) }
        }
    }
}

/// A button that sends its form. The main one of a page stands out.
pub fn button(label: &str, is_main: bool) -> Markup {
    html! { button.button .main[is_main] type="submit" { (label) } }
}

impl Field<'_> {
    fn id(&self) -> String {
        format!("field-{}", self.name)
    }

    fn described_by(&self) -> Option<String> {
        let help = self.help.map(|_| format!("{}-help", self.id()));
        let error = self.error.map(|_| format!("{}-error", self.id()));
        match (help, error) {
            (Some(help), Some(error)) => Some(format!("{error} {help}")),
            (help, error) => help.or(error),
        }
    }

    fn line(&self) -> Markup {
        let (kind, autocomplete) = self.input.kind();
        let range = match self.input {
            Input::Number { min, max } => Some((min, max)),
            _ => None,
        };
        let is_secret = matches!(self.input, Input::Password | Input::NewPassword);
        let is_code = self.input == Input::Code;
        html! {
            input id=(self.id()) class=[is_code.then_some("code")] name=(self.name) type=(kind)
                value=[(!is_secret).then_some(self.value)]
                required[self.required] maxlength=[self.max_length]
                min=[range.map(|it| it.0)] max=[range.map(|it| it.1)]
                inputmode=[range.map(|_| "numeric")]
                autocomplete=[self.autocomplete.or(autocomplete)]
                autocapitalize=[is_code.then_some("characters")]
                spellcheck=[is_code.then_some("false")]
                aria-describedby=[self.described_by()]
                aria-invalid=[self.error.map(|_| "true")];
        }
    }

    fn lines(&self, rows: u8) -> Markup {
        html! {
            textarea id=(self.id()) name=(self.name) rows=(rows)
                required[self.required] maxlength=[self.max_length]
                autocomplete=[self.autocomplete]
                aria-describedby=[self.described_by()]
                aria-invalid=[self.error.map(|_| "true")] { "\n" (self.value) }
        }
    }
}

impl Input {
    /// The input's type, and what browsers fill in unless told otherwise.
    fn kind(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Text | Self::Lines { .. } => ("text", None),
            Self::Code => ("text", Some("off")),
            Self::Email => ("email", Some("email")),
            Self::Phone => ("tel", Some("tel")),
            Self::Password => ("password", Some("current-password")),
            Self::NewPassword => ("password", Some("new-password")),
            Self::Number { .. } => ("number", Some("off")),
            Self::Date => ("date", None),
        }
    }
}
