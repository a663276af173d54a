//! What a process did to its files, in true order, read from strace's log.

use std::collections::HashMap;

/// The calls that are recorded. Those that this test cannot replay are recorded too, so that their use is noticed.
pub const CALLS: &str = "write,pwrite64,writev,pwritev,pwritev2,read,lseek,fsync,fdatasync,ftruncate,\
    open,openat,creat,close,dup,dup2,dup3,fcntl,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,\
    truncate,fallocate,link,linkat,symlink,symlinkat,copy_file_range,sendfile,splice,mmap,io_uring_setup";

/// Longest buffer in the log; a longer one is an error.
pub const LONGEST: usize = 16 << 20;

/// Strings in the log are all hexadecimal, so that none contains what separates arguments.
const CUT_OFF: &str = "\"...";

/// Where: relative to an open folder, or else absolute.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub folder: Option<i32>,
    pub path: String,
}

/// One thing that was done, at the time when it was finished.
#[derive(Debug, PartialEq)]
pub enum Step {
    Open {
        fd: i32,
        at: Place,
        create: bool,
        truncate: bool,
        append: bool,
    },
    Close {
        fd: i32,
    },
    /// `at` is none where the file's own position counts.
    Write {
        fd: i32,
        at: Option<u64>,
        bytes: Vec<u8>,
    },
    Read {
        fd: i32,
        count: u64,
    },
    Seek {
        fd: i32,
        to: u64,
    },
    Resize {
        fd: i32,
        to: u64,
    },
    /// A sync covers what was finished when it began.
    SyncBegins {
        sync: usize,
        fd: i32,
    },
    SyncEnds {
        sync: usize,
    },
    MakeFolder {
        at: Place,
    },
    Rename {
        from: Place,
        to: Place,
    },
    Remove {
        at: Place,
    },
    Duplicate {
        fd: i32,
        to: i32,
    },
    /// A line on standard output: something was answered.
    Answered(String),
    /// Changes files in a way that cannot be replayed, if the file is one of ours.
    Unsupported {
        fd: Option<i32>,
        call: String,
    },
    /// Another process begins: nothing is open.
    Restart,
}

/// Reads a log. `syncs` numbers the syncs across several logs.
pub fn parse(log: &str, syncs: &mut usize) -> Result<Vec<Step>, String> {
    let mut steps = vec![Step::Restart];
    // Calls that were interrupted in the log by other threads: what is known of them, and their sync.
    let mut begun: HashMap<&str, (&str, Option<usize>)> = HashMap::new();
    for line in log.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        if let Some(head) = rest.strip_suffix(" <unfinished ...>") {
            let sync = begin_sync(head, syncs, &mut steps);
            begun.insert(thread, (head, sync));
        } else if rest.starts_with("<... ") {
            let (_, tail) = rest.split_once(" resumed>").ok_or_else(|| unreadable(line))?;
            // The thread may have begun before it was followed.
            let Some((head, sync)) = begun.remove(thread) else { continue };
            finish(&format!("{head}{tail}"), sync, &mut steps)?;
        } else {
            let sync = begin_sync(rest, syncs, &mut steps);
            finish(rest, sync, &mut steps)?;
        }
    }
    Ok(steps)
}

fn unreadable(line: &str) -> String {
    format!("a line of the trace cannot be read: {}", line.chars().take(200).collect::<String>())
}

fn begin_sync(call: &str, syncs: &mut usize, steps: &mut Vec<Step>) -> Option<usize> {
    let arguments = call.strip_prefix("fsync(").or_else(|| call.strip_prefix("fdatasync("))?;
    let digits = arguments.split(|c: char| !c.is_ascii_digit()).next()?;
    *syncs += 1;
    steps.push(Step::SyncBegins { sync: *syncs, fd: digits.parse().ok()? });
    Some(*syncs)
}

fn finish(call: &str, sync: Option<usize>, steps: &mut Vec<Step>) -> Result<(), String> {
    let bad = || unreadable(call);
    let (name, rest) = call.split_once('(').ok_or_else(bad)?;
    let (arguments, result) = rest.rsplit_once(" = ").ok_or_else(bad)?;
    let arguments = arguments.trim_end().strip_suffix(')').ok_or_else(bad)?;
    if result.starts_with("-1") || result.starts_with('?') {
        return Ok(());
    }
    // What was read changes nothing: how much it was stands behind it.
    if name != "read" && arguments.contains(CUT_OFF) {
        return Err(format!("a buffer was cut off: {}", unreadable(call)));
    }
    let result = result.split(' ').next().and_then(|n| n.parse::<i64>().ok()).unwrap_or_default();
    let args: Vec<&str> = arguments.split(", ").collect();
    let arg = |i: usize| args.get(i).copied().ok_or_else(bad);
    let number = |text: &str| text.parse::<i32>().map_err(|_| bad());
    let offset = |text: &str| text.parse::<u64>().map_err(|_| bad());
    let place = |folder: Option<&str>, path: &str| -> Result<Place, String> {
        let path = String::from_utf8(unhex(path).ok_or_else(bad)?).map_err(|_| bad())?;
        Ok(Place { folder: folder.and_then(|fd| fd.parse().ok()), path })
    };
    let step = match name {
        "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" => {
            let fd = number(arg(0)?)?;
            let mut bytes = buffers(arguments).ok_or_else(bad)?;
            bytes.truncate(usize::try_from(result).map_err(|_| bad())?);
            let at = match name {
                "write" | "writev" => None,
                // The flags come last.
                "pwritev2" => Some(offset(arg(args.len() - 2)?)?),
                _ => Some(offset(arg(args.len() - 1)?)?),
            };
            match fd {
                1 => Step::Answered(String::from_utf8_lossy(&bytes).into_owned()),
                _ => Step::Write { fd, at, bytes },
            }
        }
        "read" => Step::Read { fd: number(arg(0)?)?, count: result.unsigned_abs() },
        "lseek" => Step::Seek { fd: number(arg(0)?)?, to: result.unsigned_abs() },
        "fsync" | "fdatasync" => Step::SyncEnds { sync: sync.ok_or_else(bad)? },
        "ftruncate" => Step::Resize { fd: number(arg(0)?)?, to: offset(arg(1)?)? },
        "open" | "openat" => {
            let at = usize::from(name == "openat");
            let flags: Vec<&str> = arg(at + 1)?.split('|').collect();
            Step::Open {
                fd: i32::try_from(result).map_err(|_| bad())?,
                at: place((at == 1).then_some(arg(0)?), arg(at)?)?,
                create: flags.contains(&"O_CREAT"),
                truncate: flags.contains(&"O_TRUNC"),
                append: flags.contains(&"O_APPEND"),
            }
        }
        "close" => Step::Close { fd: number(arg(0)?)? },
        "dup" | "dup2" | "dup3" => {
            Step::Duplicate { fd: number(arg(0)?)?, to: i32::try_from(result).map_err(|_| bad())? }
        }
        "fcntl" if arg(1)?.starts_with("F_DUPFD") => {
            Step::Duplicate { fd: number(arg(0)?)?, to: i32::try_from(result).map_err(|_| bad())? }
        }
        "fcntl" => return Ok(()),
        "mkdir" => Step::MakeFolder { at: place(None, arg(0)?)? },
        "mkdirat" => Step::MakeFolder { at: place(Some(arg(0)?), arg(1)?)? },
        "rename" => Step::Rename { from: place(None, arg(0)?)?, to: place(None, arg(1)?)? },
        "renameat" | "renameat2" if !arguments.contains("RENAME_EXCHANGE") => {
            Step::Rename { from: place(Some(arg(0)?), arg(1)?)?, to: place(Some(arg(2)?), arg(3)?)? }
        }
        "unlink" | "rmdir" => Step::Remove { at: place(None, arg(0)?)? },
        "unlinkat" => Step::Remove { at: place(Some(arg(0)?), arg(1)?)? },
        "mmap" if arguments.contains("PROT_WRITE") && arguments.contains("MAP_SHARED") => {
            Step::Unsupported { fd: number(arg(4)?).ok().filter(|fd| *fd >= 0), call: name.into() }
        }
        "mmap" => return Ok(()),
        "copy_file_range" => Step::Unsupported { fd: Some(number(arg(2)?)?), call: name.into() },
        "sendfile" | "fallocate" => Step::Unsupported { fd: Some(number(arg(0)?)?), call: name.into() },
        // Whatever changes files by path, or out of sight.
        _ => Step::Unsupported { fd: None, call: name.into() },
    };
    steps.push(step);
    Ok(())
}

/// All buffers of a call, one after the other.
fn buffers(arguments: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for quoted in arguments.split('"').skip(1).step_by(2) {
        unhex_into(quoted, &mut bytes)?;
    }
    Some(bytes)
}

fn unhex(quoted: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    unhex_into(quoted.strip_prefix('"')?.strip_suffix('"')?, &mut bytes)?;
    Some(bytes)
}

fn unhex_into(escapes: &str, bytes: &mut Vec<u8>) -> Option<()> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    bytes.reserve(escapes.len() / 4);
    for escape in escapes.as_bytes().chunks(4) {
        let [b'\\', b'x', high, low] = *escape else { return None };
        bytes.push(digit(high)? << 4 | digit(low)?);
    }
    Some(())
}
