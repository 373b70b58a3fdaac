//! Shows each rule what it must refuse and what it must leave alone: a rule that
//! cannot fail guards nothing.

use crate::code::{Code, Function};
use crate::rules;
use crate::tree::Manifest;

fn functions(source: &str) -> Vec<(String, usize, usize)> {
    let found = Code::of(source).functions().into_iter();
    found.map(|Function { name, line, lines }| (name, line, lines)).collect()
}

fn function(name: &str, line: usize, lines: usize) -> (String, usize, usize) {
    (name.to_owned(), line, lines)
}

#[test]
fn braces_in_text_do_not_end_a_function() {
    let source = r####"
fn texts<'a>(a: &'a str) -> char {
    let _ = ("}", "\"}", b"}", r"}\", r#"}"}"#, br##"}"#}"##, c"}");
    let _ = ('}', '\'', '"', b'}', '\u{7d}', 'é', '}');
    // } "
    /* } /* } */ " } */
    let r#fn = '{';
    'outer: loop { break 'outer }
    '}'
}
fn next() {}
"####;
    assert_eq!(functions(source), [function("texts", 2, 9), function("next", 11, 1)]);
}

#[test]
fn nested_functions_and_closures_are_told_apart() {
    let source = "
fn outer(
    table: [u8; 3],
) -> impl Fn(u8) -> u8
where
    u8: Copy,
{
    fn inner() {
        let _ = 1;
    }
    let act: fn(u8) = |_| { };
    move |byte| {
        byte
    }
}
trait Talk { fn silent(&self); fn loud(&self) { } }
";
    let found = [function("outer", 2, 14), function("inner", 8, 3), function("loud", 16, 1)];
    assert_eq!(functions(source), found);
}

#[test]
fn a_function_one_line_over_is_seen() {
    let body = "    work();\n".repeat(crate::FUNCTION_LINES_MAX - 1);
    let source = format!("pub async unsafe fn long() {{\n{body}}}\n");
    assert_eq!(functions(&source), [function("long", 1, crate::FUNCTION_LINES_MAX + 1)]);
}

#[test]
fn a_source_cut_short_is_still_read() {
    for source in ["fn", "fn f", "fn f() {", "\"", "'", "'\\", "r#\"", "/*", "b'", "é", "const A: u8 ="] {
        Code::of(source).functions();
        Code::of(source).constants();
        Code::of(source).without_tests();
    }
}

#[test]
fn arrows_back_and_jumped_fences_are_found_under_any_name() {
    let root = Manifest::parse("[workspace.dependencies]\nquiet = { package = 'sqlx', version = '1' }");
    let manifest = Manifest::parse(
        "[dependencies]\nquiet.workspace = true\nenprint-web.workspace = true\n\
         [dev-dependencies]\nimage = '1'\n\
         [target.'cfg(unix)'.build-dependencies]\nmine = { package = 'enprint-node' }\n\
         libp2p-swarm = '1'\n",
    );
    let found = manifest.dependencies(&root.renamed());
    assert_eq!(rules::arrows_back("store", &["web"], &found), ["store → node"]);
    let jumped = rules::over_the_fence("node", &crate::FENCES[..], &found);
    assert_eq!(jumped, ["node depends on libp2p-swarm", "node depends on sqlx", "node depends on image"]);
    let jumped = rules::over_the_fence("", &crate::FENCES[4..5], &found);
    assert_eq!(jumped, Vec::<String>::new(), "the root package may use image");
    assert!(!manifest.inherits_lints());
    assert!(Manifest::parse("[lints]\nworkspace = true").inherits_lints());
}

#[test]
fn undone_work_is_found_in_code_alone() {
    let bad = "todo!();\nunimplemented ! ();\ndbg!(1);\n#[ignore]\n#[cfg_attr(unix, ignore)]\n";
    let lines: Vec<_> = rules::undone(&Code::of(bad)).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5]);
    let good = "#[ignore = \"needs an hour\"]\n// todo!()\nlet todo = \"dbg!\"; f(todo, ignore, x);";
    assert_eq!(rules::undone(&Code::of(good)), []);
}

#[test]
fn a_sleep_is_found_however_it_is_called() {
    let bad = "thread::sleep(d);\ntokio::time::sleep(d).await;\nsleep (d);\nuse std::thread::sleep as nap;";
    assert_eq!(rules::sleeps(&Code::of(bad)).len(), 4);
    let good = "fn sleep() {}\nlab.sleep();\n// sleep(1)\nlet _ = \"sleep(1)\"; asleep(1);";
    assert_eq!(rules::sleeps(&Code::of(good)), []);
}

#[test]
fn channels_without_a_bound_are_found() {
    let bad = [
        "mpsc::unbounded_channel()",
        "mpsc::unbounded::<u8>()",
        "unbounded()",
        "mpsc::channel()",
        "mpsc::channel::<(u8, Vec<u8>)>()",
        "let (a, b) = channel();",
        "x: UnboundedSender<u8>",
    ];
    for source in bad {
        assert_eq!(rules::unbounded_channels(&Code::of(source)).len(), 1, "{source}");
    }
    let good = "mpsc::channel(8); oneshot::channel(); oneshot::channel::<u8>(); watch::channel(None); \
                fn channel() {} self.channel(); range.unbounded(); let unbounded = 1;";
    assert_eq!(rules::unbounded_channels(&Code::of(good)), []);
}

#[test]
fn limits_out_of_place_are_found() {
    let bad = "pub const LINES_MAX: usize = 4;\nconst WAIT_MS: u64 = 5 * 1_000;\n\
               const WAIT_MAX: Duration = Duration::from_secs(3);\nimpl A { const BYTES: usize = 1 << 20; }";
    let found: Vec<_> = rules::limits(&Code::of(bad)).into_iter().map(|limit| limit.name).collect();
    assert_eq!(found, ["LINES_MAX", "WAIT_MS", "WAIT_MAX", "BYTES"]);
    let good = "const A_MAX: usize = crate::limits::A_MAX;\nconst MAXIM: u8 = 1;\nconst fn max() -> u8 { 1 }\n\
                #[cfg(test)]\nmod tests { const A_MAX: u8 = 1; }\n#[cfg(test)]\nconst B_MAX: u8 = 1;\n";
    assert_eq!(rules::limits(&Code::of(good)), []);
}

#[test]
fn registries_and_peoples_folders_are_found() {
    let home = ["/ho", "me/ana"].concat();
    let registry = ["https://crates.", "io/x"].concat();
    for bad in [format!("cd {home}"), format!("\"{home}\""), home, registry] {
        assert!(rules::foreign_place(&bad).is_some(), "{bad}");
    }
    let index = ["registry+https://git.example/crates.", "io-index"].concat();
    for good in [index.as_str(), "https://example.org/home/", "$checkout/work/x", "../work/shared"] {
        assert_eq!(rules::foreign_place(good), None, "{good}");
    }
}
