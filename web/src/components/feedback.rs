//! What tells people how things stand: notices, badges, empty states and the steps
//! of an order.

use maud::{Markup, html};

/// How something is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Just so.
    Plain,
    /// It worked.
    Success,
    /// Something needs attention.
    Warning,
    /// It did not work.
    Problem,
}

/// One step of several, such as of an order's way to its prints.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// What happens in it.
    pub label: &'a str,
    /// When it was done, or why it is stuck; may be empty.
    pub detail: &'a str,
    /// Whether it has been.
    pub state: StepState,
}

/// Whether a step has been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// It is over.
    Done,
    /// It is happening.
    Current,
    /// It is yet to come.
    Ahead,
    /// It is happening, but something is in its way.
    Stuck,
}

/// A sentence that stands out. A problem is read out at once by screen readers.
pub fn notice(tone: Tone, sentence: &str) -> Markup {
    let role = match tone {
        Tone::Problem => "alert",
        _ => "status",
    };
    html! {
        div class={ "notice " (tone.class()) } role=(role) { p { (sentence) } }
    }
}

/// A word or number beside something else.
pub fn badge(tone: Tone, text: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (text) } }
}

/// What stands where there is nothing yet, with what to do about it.
pub fn empty_state(title: &str, sentence: &str, action: Option<Markup>) -> Markup {
    html! {
        div.plate {
            h2 { (title) }
            p { (sentence) }
            @if let Some(action) = action { p { (action) } }
        }
    }
}

/// The steps of something, in order.
pub fn steps(label: &str, steps: &[Step<'_>]) -> Markup {
    html! {
        ol.steps aria-label=(label) {
            @for step in steps {
                li class=(step.state.class()) aria-current=[step.state.is_now().then_some("step")] {
                    span.step-label {
                        (step.label)
                        span.unseen { " (" (step.state.words()) ")" }
                    }
                    @if !step.detail.is_empty() { span.step-detail { (step.detail) } }
                }
            }
        }
    }
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl StepState {
    fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Current => "current",
            Self::Ahead => "ahead",
            Self::Stuck => "stuck",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Current => "now",
            Self::Ahead => "to come",
            Self::Stuck => "held up",
        }
    }

    fn is_now(self) -> bool {
        matches!(self, Self::Current | Self::Stuck)
    }
}
