//! The help of each command: what is said of a role itself is in the role's help, and not
//! once more in that of each of its commands, where it is typed all the same.

use clap::{Arg, Command};

/// Flags of a role that its commands show: where the data is, and how they answer.
const SHOWN: [&str; 3] = ["data", "database", "json"];
/// Commands that make proofs, or say how: they show what is said of the mark.
const OF_PROOFS: [&str; 3] = ["import", "edit", "event"];

/// `program`, each command of whose roles shows in its help what is for it.
pub fn short(mut program: Command) -> Command {
    // Only then have commands the flags of their roles.
    program.build();
    program.mut_subcommands(|role| {
        let name = role.get_name().to_owned();
        role.mut_subcommands(|verb| if verb.get_name() == "run" { verb } else { of_verb(&name, verb) })
    })
}

fn of_verb(role: &str, verb: Command) -> Command {
    let makes_proofs = OF_PROOFS.contains(&verb.get_name());
    let is_for_it = move |arg: &Arg| {
        let id = arg.get_id().as_str();
        !arg.is_global_set() || SHOWN.contains(&id) || makes_proofs && id.starts_with("watermark")
    };
    let more = format!("Options of the {role} itself may stand here too: enprint {role} --help");
    verb.mut_args(|arg| if is_for_it(&arg) { arg } else { arg.hide(true) })
        .mut_subcommands(|below| of_verb(role, below))
        .after_help(more)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn help(of: &[&str]) -> String {
        let mut command = short(Cli::command());
        let mut found = &mut command;
        for name in of {
            found = found.find_subcommand_mut(name).unwrap();
        }
        found.render_long_help().to_string()
    }

    #[test]
    fn the_help_of_a_command_does_not_repeat_what_is_said_of_its_role() {
        let listed = help(&["photographer", "orders"]);
        assert!(listed.lines().count() < 25 && listed.contains("--data") && listed.contains("--json"), "{listed}");
        for role in ["photographer", "lab", "host"] {
            let all = help(&[role]);
            assert!(all.contains("--listen") && all.contains("--metrics"), "{all}");
        }
        assert!(help(&["photographer", "second-home", "list"]).lines().count() < 25);
        assert!(help(&["photographer", "run"]).contains("--listen"));
        assert!(help(&["photographer", "import"]).contains("--watermark-logo"));
        assert!(help(&["host", "orders"]).contains("--database"));
        assert!(!help(&["lab", "jobs"]).contains("--hot-folder"));
    }

    #[test]
    fn what_the_help_leaves_out_is_typed_all_the_same() {
        let typed = "enprint photographer orders --listen /ip4/127.0.0.1/tcp/0 --no-mdns";
        short(Cli::command()).try_get_matches_from(typed.split(' ')).unwrap();
    }
}
