//! `relay completions` and `relay man`: made from the command line's own definition, so that they say what it says.

use super::{Cli, fail};
use clap::CommandFactory;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `relay completions`.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// For which shell
    shell: Shell,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Arguments of `relay man`.
#[derive(Debug, clap::Args)]
pub struct Man {
    /// Write a page for each command into this folder, such as /usr/local/share/man/man1, instead of printing the first one
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Prints a shell's completions.
pub fn completions(of: &Completions) -> ExitCode {
    say!("{}", completed(of.shell));
    ExitCode::SUCCESS
}

fn completed(shell: Shell) -> String {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "relay", &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Prints the first page, or writes all.
pub fn man(of: &Man) -> ExitCode {
    let written = match &of.dir {
        Some(dir) => {
            std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .map(|()| say!("{}", String::from_utf8_lossy(&page)))
        }
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(format_args!("the pages cannot be written: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The command and all below it, with the names of their parents before theirs.
    fn all(command: &clap::Command, before: &str, names: &mut Vec<String>) {
        let name = format!("{before}{}", command.get_name());
        for below in command.get_subcommands() {
            all(below, &format!("{name}-"), names);
        }
        names.push(name);
    }

    #[test]
    fn every_command_has_a_page() {
        let dir = tempfile::tempdir().unwrap();
        let pages = dir.path().join("man1");
        let _ = man(&Man { dir: Some(pages.clone()) });
        let mut names = Vec::new();
        all(&Cli::command(), "", &mut names);
        assert!(names.len() > 30, "{names:?}");
        for name in names {
            let page = std::fs::read_to_string(pages.join(format!("{name}.1"))).unwrap_or_default();
            assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{name}: {page}");
        }
        let page = std::fs::read_to_string(pages.join("relay-resync.1")).unwrap();
        assert!(page.contains("Read a room") && page.contains("\\-\\-since"), "{page}");
    }

    #[test]
    fn each_shell_knows_every_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = completed(shell);
            for command in Cli::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell:?}: {}", command.get_name());
            }
            assert!(script.contains("canary"), "{shell:?}");
        }
    }

    /// Each symptom names a command, and whoever types it is understood.
    #[test]
    fn the_commands_of_troubleshooting_are_there() {
        let page = include_str!("../../config/TROUBLESHOOTING.md");
        let mut symptoms = page.split("\n## ").skip(1).peekable();
        assert!(symptoms.peek().is_some());
        for symptom in symptoms {
            let lines = lines_of(symptom);
            assert!(!lines.is_empty(), "{symptom}");
            lines.into_iter().for_each(is_understood);
        }
    }

    /// So are those of the platforms' own pages.
    #[test]
    fn the_commands_of_the_platforms_pages_are_there() {
        for entry in crate::platforms::ALL {
            let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
            let page = root.join("bridges").join(entry.name()).join("README.md");
            let page = std::fs::read_to_string(page).unwrap();
            let lines = lines_of(&page);
            assert!(lines.len() >= 3, "{}", entry.name());
            lines.into_iter().for_each(is_understood);
        }
    }

    fn lines_of(page: &str) -> Vec<&str> {
        let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
        blocks.flat_map(str::lines).collect()
    }

    fn is_understood(line: &str) {
        // What stands between quotes is one word.
        let words = line.split('"').enumerate().flat_map(|(number, piece)| match number % 2 {
            0 => piece.split_whitespace().collect::<Vec<_>>(),
            _ => vec![piece],
        });
        if let Err(error) = <Cli as clap::Parser>::try_parse_from(words) {
            panic!("{line}: {error}");
        }
    }

    #[test]
    fn bash_reads_its_completions() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("relay");
        std::fs::write(&file, completed(Shell::Bash)).unwrap();
        // It offers what begins like what is typed.
        let script = "source \"$0\" && COMP_WORDS=(relay que) COMP_CWORD=1 && _relay relay que relay && echo \"${COMPREPLY[@]}\"";
        let read = std::process::Command::new("bash").args(["-c", script]).arg(&file).output().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&read.stdout).trim(),
            "queue",
            "{}",
            String::from_utf8_lossy(&read.stderr)
        );
    }
}
