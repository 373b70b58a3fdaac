//! Names that want to be markup: in every component they stay text.

#![allow(clippy::unwrap_used, reason = "tests")]

use enprint_web::components::*;
use enprint_web::*;
use warp::Reply;

const EVIL: &str = "\"><script>alert('x')</script><img src=x onerror=y>&amp;";

fn assert_tame(name: &str, markup: &Markup) {
    let text = &markup.0;
    assert!(text.contains("&lt;script&gt;"), "{name} lost the name: {text}");
    assert!(!text.contains("<script>alert") && !text.contains(">&amp;\""), "{name}: {text}");
    assert!(!text.contains("<img src=x"), "{name}: {text}");
    assert!(text.contains("&amp;amp;"), "{name} did not escape the ampersand: {text}");
}

#[test]
fn gallery_parts_escape_names() {
    let tile =
        Tile { href: EVIL, src: EVIL, alt: EVIL, width_px: 320, height_px: 213, tint: EVIL, caption: EVIL, mark: EVIL };
    assert_tame("photo_grid", &photo_grid(&[tile]));
    let proof = Proof {
        src: EVIL,
        alt: EVIL,
        width_px: 1600,
        height_px: 1067,
        before: Some(EVIL),
        after: Some(EVIL),
        position: EVIL,
    };
    assert_tame("proof_view", &proof_view(&proof));
    assert_tame("masthead", &masthead(EVIL, EVIL, EVIL));
    assert_tame("basket_bar", &basket_bar(EVIL, EVIL, EVIL));
}

#[test]
fn form_parts_escape_names() {
    for input in [Input::Text, Input::Code, Input::Lines { rows: 3 }, Input::Number { min: 1, max: 9 }] {
        let mut text = Field::new(EVIL, EVIL, input);
        (text.value, text.help, text.error) = (EVIL, Some(EVIL), Some(EVIL));
        text.autocomplete = Some(EVIL);
        assert_tame("field", &field(&text));
    }
    let choice = Choice { value: EVIL, label: EVIL, detail: EVIL, is_chosen: true };
    assert_tame("select", &select(EVIL, EVIL, std::slice::from_ref(&choice)));
    assert_tame("choices", &choices(EVIL, EVIL, &[choice]));
    assert_tame("tick_box", &tick_box(EVIL, EVIL, false));
    assert_tame("button", &button(EVIL, true));
}

#[test]
fn other_parts_escape_names() {
    assert_tame("notice", &notice(Tone::Problem, EVIL));
    assert_tame("badge", &badge(Tone::Plain, EVIL));
    assert_tame("empty_state", &empty_state(EVIL, EVIL, None));
    let step = Step { label: EVIL, detail: EVIL, state: StepState::Stuck };
    assert_tame("steps", &steps(EVIL, &[step]));
    assert_tame("table", &table(EVIL, &[EVIL], &[vec![EVIL]]));
    assert_tame("facts", &facts(&[(EVIL, EVIL)], true));
    let crumb = Crumb { href: EVIL, label: EVIL };
    assert_tame("breadcrumb", &breadcrumb(&[crumb], EVIL));
    let tab = Tab { href: EVIL, label: EVIL, count: Some(3), is_current: true };
    assert_tame("tabs", &tabs(EVIL, &[tab]));
    assert_tame("pagination", &pagination(2, 3, |_| EVIL.to_owned()));
    assert_tame("button_link", &button_link(EVIL, EVIL, false));
    assert_tame("live", &live(EVIL, 5, html! { (EVIL) }));
}

#[test]
fn pages_escape_titles_brands_and_links() {
    let site = Site::new(EVIL, "e").in_language(EVIL).with_home(EVIL);
    let page = Page::new(&site, EVIL).description(EVIL).nav(vec![NavLink::to(EVIL, EVIL).current()]);
    assert_tame("page", &page.render());
    assert_eq!(page.into_response().status(), 200);
}

#[test]
fn passwords_are_never_shown_again() {
    let mut secret = Field::new("password", "Password", Input::Password);
    secret.value = "hunter2";
    assert!(!field(&secret).0.contains("hunter2"));
}
