//! Runs one function of some modules on a scratch process, without a driver: no collection, no scheduling. For tests.

use super::{Outcome, Scheduler, finish_address};
use crate::atom;
use crate::bif::{Bifs, bif_by_name, machine_fingerprint};
use crate::code::Code;
use crate::code::Image;
use crate::image::{LayoutInput, LayoutModule, layout};
use crate::loader::BeamFile;
use crate::loader::check::check;
use crate::loader::specialise::transform;
use crate::process::{Process, ProcessHeap};
use crate::system::System;
use crate::term::Term;
use crate::term::word::TAG_HEADER;

/// A machine's code for tests, never freed.
pub struct Program {
    system: &'static System,
}

impl Program {
    /// Loads these modules.
    pub fn load(modules: &[&[u8]]) -> Program {
        let files: Vec<BeamFile> = modules.iter().map(|bytes| BeamFile::parse(bytes).expect("a beam file")).collect();
        let codes: Vec<_> = files
            .iter()
            .map(|file| {
                let facts = check(file, &Bifs).expect("a valid module");
                transform(file, &Bifs, &facts, &|_| true).expect("code")
            })
            .collect();
        let modules: Vec<LayoutModule<'_>> = files.iter().zip(&codes).map(|(file, code)| LayoutModule { file, code }).collect();
        let input = LayoutInput {
            modules: &modules,
            base: 0x1000_0000,
            start: ("lam_boot", "start"),
            entry: ("t", "main", 0),
            kind: "erlang",
            otp_release: 25,
            embedded: &[],
            files: &[],
            natives: &Bifs,
            machine: machine_fingerprint(),
        };
        let bytes = layout(&input).expect("a layout");
        let memory: &'static mut [u64] = Box::leak(vec![0u64; bytes.len() / 8].into_boxed_slice());
        // SAFETY: the leaked block is as long as the bytes, 8-aligned, and the image's alone.
        let image = unsafe {
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), memory.as_mut_ptr().cast(), bytes.len());
            Image::open(memory.as_mut_ptr().cast(), bytes.len(), machine_fingerprint()).expect("an image")
        };
        Program {
            system: Box::leak(Box::new(System::new(
                Code::new(image, bif_by_name),
                crate::process::RunQueues::default(),
                crate::system::PROCESS_LIMIT,
            ))),
        }
    }
    /// Calls `Module:Function` with smalls and shows the result through `show`.
    pub fn call<R>(&self, name: &str, args: &[i64], tail_calls: bool, show: impl for<'c> FnOnce(Outcome, Term<'c>) -> R) -> R {
        let (module, function) = name.split_once(':').expect("module:function");
        let (module, function) = (atom::intern(module).expect("room"), atom::intern(function).expect("room"));
        let export = self.system.code.export(module, function, args.len()).expect("an exported function");
        let mut process = Box::new(Process::new(Term::local_pid(1, 0).word(), ProcessHeap::new(64 << 20)));
        // SAFETY: zeroed registers are smalls; pointers are set below.
        let mut s: Box<Scheduler> = unsafe { Box::new(core::mem::zeroed()) };
        s.outcome = Outcome::None;
        s.system = self.system;
        s.process = &raw mut *process;
        s.reductions = i64::MAX;
        s.pc = export.code as usize as *const u64;
        for (index, arg) in args.iter().enumerate() {
            s.x[index] = crate::term::word::small(*arg);
        }
        // SAFETY: the block has room for the first return word.
        unsafe {
            process.heap.stop = process.heap.stop.sub(1);
            *process.heap.stop = finish_address() as usize as u64 | TAG_HEADER;
        }
        let s_ptr: *mut Scheduler = &raw mut *s;
        // SAFETY: the scheduler has a process whose pc is at a function.
        let exit = unsafe { if tail_calls { super::run_with_tail_calls(s_ptr) } else { super::run_with_match(s_ptr) } };
        assert_eq!(exit, super::Exit::Died as u64, "ended otherwise, wanting {} words", s.need);
        // SAFETY: x(0) is the result, or the outcome's words are terms; nothing has collected.
        show(s.outcome, unsafe { Term::from_word(s.x[0]) })
    }
}
