//! Where the kernel enters a musl stub: applies the packed relative relocations (`DT_RELR`), then goes on to the C library's `_start`.
//!
//! ```text
//! RELR     address │ bitmap │ bitmap │ address │ …      one 64-bit word each; an address is even, a bitmap odd
//!          address: add the base there; bit i of a bitmap (1 … 63): add it at the word (i - 1) behind the last place covered
//! ```
//!
//! Thousands of pointers lie in the tables of the machine; as `RELA` each takes 24 bytes in every program, packed 146 KB become 3.
//! musl applies them by itself since 1.2.4, so the size of the table is set to 0 for it. The linker flags stand in `scripts/stub`;
//! where they are not given (rustup's target) nothing enters here.

std::arch::global_asm!(
    ".pushsection .text.lam_start,\"ax\",@progbits",
    ".globl lam_start",
    ".hidden lam_start",
    ".hidden __ehdr_start",
    ".hidden _DYNAMIC",
    ".type lam_start,@function",
    "lam_start:",
    "lea rdi, [rip + __ehdr_start]", // The file is linked at 0, so this is the base.
    "lea rsi, [rip + _DYNAMIC]",
    "xor r8d, r8d", // The table,
    "xor r9d, r9d", // and its size.
    "2: mov rax, [rsi]",
    "test rax, rax",
    "jz 5f",
    "cmp rax, 36", // DT_RELR
    "jne 3f",
    "mov r8, [rsi + 8]",
    "3: cmp rax, 35", // DT_RELRSZ
    "jne 4f",
    "mov r9, [rsi + 8]",
    "mov qword ptr [rsi + 8], 0",
    "4: add rsi, 16",
    "jmp 2b",
    "5: add r8, rdi",
    "add r9, r8",
    "6: cmp r8, r9",
    "jae 13f",
    "mov rax, [r8]",
    "add r8, 8",
    "test al, 1",
    "jnz 7f",
    "lea rdx, [rdi + rax]", // rdx: the place behind those covered.
    "add [rdx], rdi",
    "add rdx, 8",
    "jmp 6b",
    "7: mov rcx, rdx",
    "8: shr rax, 1",
    "jz 12f",
    "test al, 1",
    "jz 9f",
    "add [rcx], rdi",
    "9: add rcx, 8",
    "jmp 8b",
    "12: add rdx, 504",
    "jmp 6b",
    "13: xor edx, edx", // What the C library shall call at the end: nothing.
    "jmp _start",
    ".size lam_start, . - lam_start",
    ".popsection",
);
