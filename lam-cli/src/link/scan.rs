//! One function looked over: what it calls, and what it names in a way that may be called.
//!
//! Constants are followed through registers within a basic block; Y registers live through calls. At a label everything is forgotten.

use std::collections::BTreeMap;

use lam_vm::isa::generic::{self, Kind, op};
use lam_vm::loader::BeamFile;
use lam_vm::loader::ir::{Arg, Function, Op, Reg};

use super::literal::{self, Met};
use super::sites::{self, Site};
use super::value::Value;
use super::why::How;

/// What a function asks of others.
#[derive(Debug, Default)]
pub struct Found {
    /// Functions of the same module, by index.
    pub local: Vec<usize>,
    /// Called by name, in order: module, function, arity.
    pub calls: Vec<(String, String, u8)>,
    /// Named where a tuple or a known site makes them callable.
    pub named: Vec<Named>,
    /// Modules any export of which may be called.
    pub whole: Vec<String>,
    /// Function and arity of calls whose module alone is not known.
    pub handed: Vec<(String, u8)>,
    /// A call whose module or function is not known.
    pub is_unresolved: bool,
}

/// A function that is not called by name.
#[derive(Debug)]
pub struct Named {
    pub module: String,
    pub function: String,
    /// `None` is any.
    pub arity: Option<u8>,
    pub how: How,
}

struct Scan<'a> {
    file: &'a BeamFile,
    x: BTreeMap<u16, Value>,
    y: BTreeMap<u16, Value>,
    found: Found,
}

/// Looks a function over.
pub fn scan(file: &BeamFile, function: &Function) -> Found {
    let mut scan = Scan { file, x: BTreeMap::new(), y: BTreeMap::new(), found: Found::default() };
    for index in function.ops() {
        let op = file.code.ops[index];
        scan.instruction(op, file.code.args(op));
    }
    scan.found
}

impl Scan<'_> {
    fn instruction(&mut self, op: Op, args: &[Arg]) {
        match op.opcode {
            op::LABEL => {
                self.x.clear();
                self.y.clear();
            }
            op::LINE | op::FUNC_INFO | op::INT_CODE_END => {}
            op::MOVE => {
                let value = self.named_value(args[0]);
                self.set(args[1], value);
            }
            op::SWAP => {
                let (left, right) = (self.value(args[0]), self.value(args[1]));
                self.set(args[0], right);
                self.set(args[1], left);
            }
            op::PUT_LIST => {
                let cell = (self.named_value(args[0]), self.named_value(args[1]));
                self.set(args[2], Value::Cons(cell.into()));
            }
            op::PUT_TUPLE2 => {
                let file = self.file;
                let elements: Vec<Value> = file.code.list_of(args[1]).iter().map(|arg| self.named_value(*arg)).collect();
                self.tuple(&elements);
                self.set(args[0], Value::Tuple(elements.into()));
            }
            op::GET_TUPLE_ELEMENT => {
                let value = match (self.value(args[0]), args[1].unsigned()) {
                    (Value::Tuple(elements), Some(position)) => elements.get(position as usize).cloned(),
                    _ => None,
                };
                self.set(args[2], value.unwrap_or(Value::Unknown));
            }
            op::CALL | op::CALL_ONLY | op::CALL_LAST => {
                let target = args[1].label().and_then(|label| self.file.function_of_label(label));
                self.found.local.extend(target);
                self.x.clear();
            }
            op::CALL_EXT | op::CALL_EXT_ONLY | op::CALL_EXT_LAST => self.call_import(args[1]),
            op::APPLY | op::APPLY_LAST => {
                let arity = args[0].unsigned().unwrap_or(0) as u16;
                let values: Vec<Value> = (0..arity).map(|x| self.x_value(x)).collect();
                self.apply(&self.x_value(arity), &self.x_value(arity + 1), Some(values));
                self.x.clear();
            }
            op::MAKE_FUN2 => {
                self.make_fun(args[0]);
                self.x.remove(&0);
            }
            op::MAKE_FUN3 => {
                self.make_fun(args[0]);
                self.literals(args);
                self.set(args[1], Value::Unknown);
            }
            op::CALL_FUN | op::CALL_FUN2 | op::SEND => self.x.clear(),
            op::ALLOCATE | op::ALLOCATE_HEAP | op::ALLOCATE_ZERO | op::ALLOCATE_HEAP_ZERO | op::DEALLOCATE | op::TRIM => {
                self.y.clear()
            }
            _ => self.other(op, args),
        }
    }

    /// Any instruction that names what it writes; operands in lists may be written too.
    fn other(&mut self, op: Op, args: &[Arg]) {
        self.literals(args);
        let reads_lists = matches!(
            op.opcode,
            op::SELECT_VAL
                | op::SELECT_TUPLE_ARITY
                | op::PUT_MAP_ASSOC
                | op::PUT_MAP_EXACT
                | op::HAS_MAP_FIELDS
                | op::UPDATE_RECORD
        );
        let kinds = generic::generic_op(op.opcode).map_or(&[][..], |row| row.operands);
        for (arg, operand) in args.iter().zip(kinds) {
            match operand.kind {
                Kind::Destination | Kind::YRegister => self.set(*arg, Value::Unknown),
                Kind::Bif => self.import_is_called(*arg),
                Kind::List if !reads_lists => {
                    let file = self.file;
                    for element in file.code.list_of(*arg) {
                        self.set(*element, Value::Unknown);
                    }
                }
                _ => {}
            }
        }
    }

    /// Names in the literals of operands and of their lists.
    fn literals(&mut self, args: &[Arg]) {
        let file = self.file;
        for arg in args {
            self.named_value(*arg);
            for element in file.code.list_of(*arg) {
                self.named_value(*element);
            }
        }
    }

    /// The operand's value; what a literal names is noted.
    fn named_value(&mut self, arg: Arg) -> Value {
        let value = self.value(arg);
        if let Arg::Literal(index) = arg {
            let calls = &mut self.found.calls;
            let bytes = self.file.literal(index);
            let _ = literal::walk(bytes, &mut |met| {
                if let Met::Fun(module, function, arity) = met {
                    calls.push((module.into(), function.into(), arity));
                }
            });
            let mut tuples = Vec::new();
            value.tuples(&mut |elements| tuples.push(elements.to_vec()));
            for elements in tuples {
                self.tuple(&elements);
            }
        }
        value
    }

    fn value(&self, arg: Arg) -> Value {
        match arg {
            Arg::Atom(atom) => Value::atom(self.file.atom(atom)),
            Arg::Nil => Value::Nil,
            Arg::Int(number) => Value::Int(number),
            Arg::Literal(index) => literal::value(self.file.literal(index)),
            _ => match arg.reg() {
                Some(Reg::X(x)) => self.x_value(x),
                Some(Reg::Y(y)) => self.y.get(&y).cloned().unwrap_or(Value::Unknown),
                None => Value::Unknown,
            },
        }
    }

    fn x_value(&self, x: u16) -> Value {
        self.x.get(&x).cloned().unwrap_or(Value::Unknown)
    }

    fn set(&mut self, arg: Arg, value: Value) {
        match (arg.reg(), value) {
            (Some(Reg::X(x)), Value::Unknown) => drop(self.x.remove(&x)),
            (Some(Reg::Y(y)), Value::Unknown) => drop(self.y.remove(&y)),
            (Some(Reg::X(x)), value) => drop(self.x.insert(x, value)),
            (Some(Reg::Y(y)), value) => drop(self.y.insert(y, value)),
            (None, _) => {}
        }
    }

    fn make_fun(&mut self, lambda: Arg) {
        let lambda = lambda.unsigned().and_then(|index| self.file.tables.lambdas.get(index as usize));
        self.found.local.extend(lambda.and_then(|lambda| self.file.function_of_label(lambda.label)));
    }

    fn import_is_called(&mut self, arg: Arg) {
        if let Some(index) = arg.unsigned() {
            let import = self.file.import(index as u32);
            let name = (self.file.atom(import.module).to_string(), self.file.atom(import.function).to_string(), import.arity);
            self.found.calls.push(name);
        }
    }

    fn call_import(&mut self, arg: Arg) {
        self.import_is_called(arg);
        if let Some((module, function, arity)) = self.found.calls.last().cloned() {
            let args: Vec<Value> = (0..u16::from(arity)).map(|x| self.x_value(x)).collect();
            self.known_site(&module, &function, &args, 0);
        }
        self.x.clear();
    }

    /// What a call of a known function calls in turn.
    fn known_site(&mut self, module: &str, function: &str, args: &[Value], depth: usize) {
        let Some(site) = sites::site(module, function, args.len()) else { return };
        match site {
            Site::Apply(m, f, a) if depth < 4 => self.apply_deep(&args[m], &args[f], args[a].elements(), depth),
            Site::Apply(..) => {}
            Site::Fun(m, f, a) => match (args[m].as_atom(), args[f].as_atom(), &args[a]) {
                (Some(module), Some(function), Value::Int(arity)) => {
                    self.named(module, function, u8::try_from(*arity).ok(), How::Names);
                }
                (Some(module), Some(function), _) => self.named(module, function, None, How::Names),
                _ => self.found.is_unresolved = true,
            },
            Site::Callbacks(m, callbacks) => match args[m].as_atom() {
                Some(module) => {
                    callbacks.iter().for_each(|(function, arity)| self.named(module, function, Some(*arity), How::CalledBack));
                }
                None => self.found.is_unresolved = true,
            },
            Site::Whole(m) => match args[m].as_atom() {
                Some(module) => self.found.whole.push(module.into()),
                None => self.found.is_unresolved = true,
            },
        }
    }

    fn named(&mut self, module: &str, function: &str, arity: Option<u8>, how: How) {
        self.found.named.push(Named { module: module.into(), function: function.into(), arity, how });
    }

    fn apply(&mut self, module: &Value, function: &Value, args: Option<Vec<Value>>) {
        self.apply_deep(module, function, args, 0);
    }

    fn apply_deep(&mut self, module: &Value, function: &Value, args: Option<Vec<Value>>, depth: usize) {
        let (Some(module), Some(function)) = (module.as_atom(), function.as_atom()) else {
            if let (Some(function), Some(args)) = (function.as_atom(), &args) {
                self.found.handed.extend(u8::try_from(args.len()).ok().map(|arity| (function.to_string(), arity)));
            }
            self.found.is_unresolved = true;
            return;
        };
        let arity = args.as_ref().and_then(|args| u8::try_from(args.len()).ok());
        self.named(module, function, arity, How::Applies);
        if let Some(args) = args {
            self.known_site(module, function, &args, depth + 1);
        }
    }

    /// A tuple with a module, a function and arguments (or an arity) side by side, as child specifications, the I/O protocol,
    /// timers and reports hold them.
    fn tuple(&mut self, elements: &[Value]) {
        for window in elements.windows(3) {
            let (Some(module), Some(function)) = (window[0].as_atom(), window[1].as_atom()) else { continue };
            let (module, function) = (module.to_string(), function.to_string());
            // The reader of `get_until` adds two arguments of its own.
            let is_reader = elements[0].as_atom() == Some("get_until");
            match &window[2] {
                Value::Int(arity) => self.named(&module, &function, u8::try_from(*arity).ok(), How::Names),
                list => match list.elements().filter(|_| !is_reader) {
                    Some(args) => {
                        self.named(&module, &function, u8::try_from(args.len()).ok(), How::Names);
                        self.known_site(&module, &function, &args, 1);
                    }
                    None if matches!(list, Value::Unknown | Value::Cons(_) | Value::Nil | Value::Data) => {
                        self.named(&module, &function, None, How::Names);
                    }
                    None => {}
                },
            }
        }
    }
}
