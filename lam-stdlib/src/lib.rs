//! What ships above the machine: our Erlang modules and natives that are not BIFs in OTP.

#![forbid(unsafe_code)]
