//! The host that runs the tests, through the names that the machine uses.

use super::files::{self, File, FileType, Modes, Whence};
use super::stdio::{self, Woken};
use super::*;

/// A folder of its own, empty.
fn fresh_folder(name: &str) -> Vec<u8> {
    let mut path = env::get(b"TMPDIR").unwrap_or_else(|| b"/tmp".to_vec());
    path.extend_from_slice(format!("/lam-platform-{}-{name}", process_id()).as_bytes());
    files::make_dir(&path).expect("the temporary folder may be written");
    path
}

fn in_folder(folder: &[u8], name: &str) -> Vec<u8> {
    [folder, b"/", name.as_bytes()].concat()
}

#[test]
fn clocks_go_forward() {
    let first = monotonic_ns();
    assert!(system_ns() > 1_600_000_000_000_000_000);
    sleep_until(first + 2_000_000);
    assert!(monotonic_ns() >= first + 2_000_000);
}

#[test]
fn entropy_fills_everything() {
    let mut bytes = [0; 64];
    entropy(&mut bytes);
    assert!(bytes.chunks(16).all(|part| part != [0; 16]));
}

#[cfg(unix)]
#[test]
fn another_thread_wakes_the_waiter() {
    let waiter = crate::sync::thread::spawn_named("w", 64 << 10, || stdio::wait(false, Some(monotonic_ns() + 10_000_000_000)));
    stdio::wake();
    let woken = waiter.expect("a thread").join().expect("no panic");
    assert_eq!(woken, Woken::Interrupted);
}

#[test]
fn a_file_from_open_to_close() {
    let folder = fresh_folder("file");
    let path = in_folder(&folder, "a");
    let file = File::open(&path, Modes::WRITE).expect("may be made");
    file.write(b"hello world").expect("room");
    assert_eq!(file.read(&mut [0; 4]), Err(Posix::Ebadf));
    file.close().expect("closes");
    assert_eq!(files::read_file(&path), Ok(b"hello world".to_vec()));
    let file = File::open(&path, Modes::READ.with(Modes::WRITE)).expect("is there");
    assert_eq!(file.seek(Whence::End, -5), Ok(6));
    let mut bytes = [0; 8];
    assert_eq!(file.read(&mut bytes), Ok(5));
    assert_eq!(&bytes[..5], b"world");
    assert_eq!(file.seek(Whence::Start, -1), Err(Posix::Einval));
    file.pwrite(20, b"x").expect("room");
    assert_eq!(file.pread(10, &mut bytes), Ok(8));
    assert_eq!(&bytes, b"d\0\0\0\0\0\0\0");
    file.seek(Whence::Start, 5).expect("inside");
    file.truncate().expect("may be cut");
    file.sync().and_then(|()| file.datasync()).expect("stored");
    assert_eq!(file.info().map(|info| info.size), Ok(5));
    assert_eq!(File::open(&path, Modes::WRITE.with(Modes::EXCLUSIVE)).err(), Some(Posix::Eexist));
    let file = File::open(&path, Modes::WRITE.with(Modes::APPEND)).expect("is there");
    file.write(b"!").expect("room");
    assert_eq!(files::read_file(&path), Ok(b"hello!".to_vec()));
    assert_eq!(File::open(&path, Modes::default()).err(), Some(Posix::Einval));
    assert_eq!(File::open(b"a\0b", Modes::READ).err(), Some(Posix::Einval));
    files::del_file(&path).and_then(|()| files::del_dir(&folder)).expect("clean");
}

#[test]
fn names_and_folders() {
    let folder = fresh_folder("names");
    let (a, b, l) = (in_folder(&folder, "a"), in_folder(&folder, "b"), in_folder(&folder, "l"));
    File::open(&a, Modes::WRITE).expect("may be made");
    files::make_soft_link(b"a", &l).expect("may be made");
    assert_eq!(files::read_link(&l), Ok(b"a".to_vec()));
    assert_eq!(files::link_info(&l).map(|info| info.file_type), Ok(FileType::Symlink));
    assert_eq!(files::read_info(&l).map(|info| info.file_type), Ok(FileType::Regular));
    files::set_time(&a, 1_000_000, 2_000_000, 0).expect("is ours");
    let info = files::read_info(&a).expect("is there");
    assert_eq!((info.atime, info.mtime, info.access.name()), (1_000_000, 2_000_000, "read_write"));
    files::set_permissions(&a, 0o640).expect("is ours");
    assert_eq!(files::read_info(&a).map(|info| info.mode & 0o777), Ok(0o640));
    files::make_hard_link(&a, &b).expect("may be made");
    assert_eq!(files::read_info(&b).map(|info| info.links), Ok(2));
    let mut names = files::list_dir(&folder).expect("is a folder");
    names.sort();
    assert_eq!(names, [b"a", b"b", b"l"]);
    assert_eq!(files::del_file(&folder), Err(Posix::Eperm));
    assert_eq!(files::del_dir(&folder), Err(Posix::Eexist));
    assert_eq!(files::del_dir(&a), Err(Posix::Enotdir));
    assert_eq!(files::rename(&a, &in_folder(&folder, "no/a")), Err(Posix::Enoent));
    assert_eq!(files::read_file(&folder), Err(Posix::Eisdir));
    assert_eq!(files::rename(&b, &l), Ok(()));
    for name in ["a", "l"] {
        files::del_file(&in_folder(&folder, name)).expect("is there");
    }
    files::del_dir(&folder).expect("is empty");
    assert_eq!(files::list_dir(&folder), Err(Posix::Enoent));
    assert_eq!(files::altname(b"/"), Err(Posix::Enotsup));
}

#[cfg(unix)]
#[test]
fn devices_are_read_to_their_end() {
    assert_eq!(files::read_file(b"/dev/null"), Ok(Vec::new()));
    assert_eq!(files::read_info(b"/dev/null").map(|info| info.file_type), Ok(FileType::Device));
    assert!(files::read_file(b"/proc/self/cmdline").is_ok_and(|bytes| !bytes.is_empty()));
}
