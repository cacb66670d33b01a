//! The name of a thread for a musl stub.
//!
//! std names threads by `pthread_setname_np`. musl's makes a path of `/proc` by `snprintf`, and with it all of `printf`, 12 KB,
//! lies in every program. A thread that names itself, which is all that std does, needs one system call.

use std::ffi::{c_char, c_int};

#[unsafe(no_mangle)]
extern "C" fn pthread_setname_np(_own: libc::pthread_t, name: *const c_char) -> c_int {
    // SAFETY: std gives a text with a zero at its end; the kernel reads no more than 16 bytes of it.
    unsafe { libc::prctl(libc::PR_SET_NAME, name) }
}
