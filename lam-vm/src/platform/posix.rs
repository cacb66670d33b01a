//! Errors of the host, by the names that Erlang programs match on.
//!
//! One row says everything: our variant, Erlang's atom, the number of preview 1 of WASI (0 where it has none), and, where
//! the system has it, the Linux name in rustix. The names are those of OTP's `erl_posix_str.c`; a number without a row is
//! `unknown` there too.

macro_rules! posix {
    ($($variant:ident $name:literal $wasi:literal $($unix:ident)?;)*) => {
        /// One error of the operating system, in the shape that `file:posix()` has.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Posix { $(#[doc = $name] $variant,)* }

        impl Posix {
            /// Every error that has a name here.
            pub const ALL: &[Posix] = &[$(Posix::$variant,)*];

            /// The atom's text, such as `enoent`.
            pub const fn name(self) -> &'static str {
                match self { $(Posix::$variant => $name,)* }
            }

            /// The error behind a number of WASI preview 1.
            pub fn from_wasi(code: u16) -> Posix {
                if code == 0 { return Posix::Unknown; }
                $(if code == $wasi { return Posix::$variant; })*
                Posix::Unknown
            }
        }

        #[cfg(unix)]
        impl From<rustix::io::Errno> for Posix {
            fn from(errno: rustix::io::Errno) -> Posix {
                $($(if errno == rustix::io::Errno::$unix { return Posix::$variant; })?)*
                Posix::Unknown
            }
        }
    };
}

posix! {
    Eacces "eacces" 2 ACCESS;
    Eaddrinuse "eaddrinuse" 3 ADDRINUSE;
    Eaddrnotavail "eaddrnotavail" 4 ADDRNOTAVAIL;
    Eafnosupport "eafnosupport" 5 AFNOSUPPORT;
    Eagain "eagain" 6 AGAIN;
    Ealready "ealready" 7 ALREADY;
    Ebadf "ebadf" 8 BADF;
    Ebadmsg "ebadmsg" 9 BADMSG;
    Ebusy "ebusy" 10 BUSY;
    Echild "echild" 12 CHILD;
    Econnaborted "econnaborted" 13 CONNABORTED;
    Econnrefused "econnrefused" 14 CONNREFUSED;
    Econnreset "econnreset" 15 CONNRESET;
    Edeadlk "edeadlk" 16 DEADLK;
    Edestaddrreq "edestaddrreq" 17 DESTADDRREQ;
    Edom "edom" 18 DOM;
    Edquot "edquot" 19 DQUOT;
    Eexist "eexist" 20 EXIST;
    Efault "efault" 21 FAULT;
    Efbig "efbig" 22 FBIG;
    Ehostdown "ehostdown" 0 HOSTDOWN;
    Ehostunreach "ehostunreach" 23 HOSTUNREACH;
    Eidrm "eidrm" 24 IDRM;
    Eilseq "eilseq" 25 ILSEQ;
    Einprogress "einprogress" 26 INPROGRESS;
    Eintr "eintr" 27 INTR;
    Einval "einval" 28 INVAL;
    Eio "eio" 29 IO;
    Eisconn "eisconn" 30 ISCONN;
    Eisdir "eisdir" 31 ISDIR;
    Eloop "eloop" 32 LOOP;
    Emfile "emfile" 33 MFILE;
    Emlink "emlink" 34 MLINK;
    Emsgsize "emsgsize" 35 MSGSIZE;
    Emultihop "emultihop" 36 MULTIHOP;
    Enametoolong "enametoolong" 37 NAMETOOLONG;
    Enetdown "enetdown" 38 NETDOWN;
    Enetreset "enetreset" 39 NETRESET;
    Enetunreach "enetunreach" 40 NETUNREACH;
    Enfile "enfile" 41 NFILE;
    Enobufs "enobufs" 42 NOBUFS;
    Enodata "enodata" 0 NODATA;
    Enodev "enodev" 43 NODEV;
    Enoent "enoent" 44 NOENT;
    Enoexec "enoexec" 45 NOEXEC;
    Enolck "enolck" 46 NOLCK;
    Enolink "enolink" 47 NOLINK;
    Enomem "enomem" 48 NOMEM;
    Enomsg "enomsg" 49 NOMSG;
    Enoprotoopt "enoprotoopt" 50 NOPROTOOPT;
    Enospc "enospc" 51 NOSPC;
    Enosys "enosys" 52 NOSYS;
    Enotblk "enotblk" 0 NOTBLK;
    Enotconn "enotconn" 53 NOTCONN;
    Enotdir "enotdir" 54 NOTDIR;
    Enotempty "enotempty" 55 NOTEMPTY;
    Enotsock "enotsock" 57 NOTSOCK;
    Enotsup "enotsup" 58 NOTSUP;
    Enotty "enotty" 59 NOTTY;
    Enxio "enxio" 60 NXIO;
    Eoverflow "eoverflow" 61 OVERFLOW;
    Eperm "eperm" 63 PERM;
    Epipe "epipe" 64 PIPE;
    Eproto "eproto" 65 PROTO;
    Eprotonosupport "eprotonosupport" 66 PROTONOSUPPORT;
    Eprototype "eprototype" 67 PROTOTYPE;
    Erange "erange" 68 RANGE;
    Eremote "eremote" 0 REMOTE;
    Eremoteio "eremoteio" 0 REMOTEIO;
    Erofs "erofs" 69 ROFS;
    Eshutdown "eshutdown" 0 SHUTDOWN;
    Esocktnosupport "esocktnosupport" 0 SOCKTNOSUPPORT;
    Espipe "espipe" 70 SPIPE;
    Esrch "esrch" 71 SRCH;
    Estale "estale" 72 STALE;
    Etime "etime" 0 TIME;
    Etimedout "etimedout" 73 TIMEDOUT;
    Etoobig "e2big" 1 TOOBIG;
    Etxtbsy "etxtbsy" 74 TXTBSY;
    Euclean "euclean" 0 UCLEAN;
    Eusers "eusers" 0 USERS;
    Exdev "exdev" 75 XDEV;
    Unknown "unknown" 65535;
}

/// What an operation on the host gives.
pub type Result<T> = std::result::Result<T, Posix>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_wasi_numbers_too() {
        let mut names: Vec<_> = Posix::ALL.iter().map(|p| p.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Posix::ALL.len());
        assert_eq!(Posix::from_wasi(44), Posix::Enoent);
        assert_eq!(Posix::from_wasi(0), Posix::Unknown);
        assert_eq!(Posix::from_wasi(9999), Posix::Unknown);
    }

    #[cfg(unix)]
    #[test]
    fn unix_numbers_have_names() {
        assert_eq!(Posix::from(rustix::io::Errno::NOENT).name(), "enoent");
        assert_eq!(Posix::from(rustix::io::Errno::PIPE).name(), "epipe");
    }
}
