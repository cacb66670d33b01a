//! `math`: functions of floats. `badarg` for what is no number, `badarith` where the result is not finite.

use super::args::OrBadarg;
use super::{BifResult, Call, Stop, bifs};
use crate::heap::arith::Number;
use crate::term::Term;

bifs! { module "math";
    /// Cosine.
    ///
    /// `math:cos(0)` => `1.0`
    [plain] "cos"/1 = cos, "erts/emulator/beam/erl_math.c";
    /// Hyperbolic cosine.
    ///
    /// `math:cosh(0)` => `1.0`
    /// `math:cosh(1000)` => `error:badarith`
    [plain] "cosh"/1 = cosh, "erts/emulator/beam/erl_math.c";
    /// Sine.
    ///
    /// `math:sin(0)` => `0.0`
    /// `math:sin(a)` => `error:badarg`
    [plain] "sin"/1 = sin, "erts/emulator/beam/erl_math.c";
    /// Hyperbolic sine.
    ///
    /// `math:sinh(0)` => `0.0`
    [plain] "sinh"/1 = sinh, "erts/emulator/beam/erl_math.c";
    /// Tangent.
    ///
    /// `math:tan(0)` => `0.0`
    [plain] "tan"/1 = tan, "erts/emulator/beam/erl_math.c";
    /// Hyperbolic tangent.
    ///
    /// `math:tanh(0)` => `0.0`
    [plain] "tanh"/1 = tanh, "erts/emulator/beam/erl_math.c";
    /// Arc cosine.
    ///
    /// `math:acos(1)` => `0.0`
    /// `math:acos(2)` => `error:badarith`
    [plain] "acos"/1 = acos, "erts/emulator/beam/erl_math.c";
    /// Inverse hyperbolic cosine.
    ///
    /// `math:acosh(1)` => `0.0`
    [plain] "acosh"/1 = acosh, "erts/emulator/beam/erl_math.c";
    /// Arc sine.
    ///
    /// `math:asin(0)` => `0.0`
    [plain] "asin"/1 = asin, "erts/emulator/beam/erl_math.c";
    /// Inverse hyperbolic sine.
    ///
    /// `math:asinh(0)` => `0.0`
    [plain] "asinh"/1 = asinh, "erts/emulator/beam/erl_math.c";
    /// Arc tangent.
    ///
    /// `math:atan(0)` => `0.0`
    [plain] "atan"/1 = atan, "erts/emulator/beam/erl_math.c";
    /// Inverse hyperbolic tangent.
    ///
    /// `math:atanh(0)` => `0.0`
    /// `math:atanh(1)` => `error:badarith`
    [plain] "atanh"/1 = atanh, "erts/emulator/beam/erl_math.c";
    /// Error function.
    ///
    /// `math:erf(0)` => `0.0`
    [plain] "erf"/1 = erf, "erts/emulator/beam/erl_math.c";
    /// Complement of the error function.
    ///
    /// `math:erfc(0)` => `1.0`
    [plain] "erfc"/1 = erfc, "erts/emulator/beam/erl_math.c";
    /// e to this power.
    ///
    /// `math:exp(0)` => `1.0`
    [plain] "exp"/1 = exp, "erts/emulator/beam/erl_math.c";
    /// Natural logarithm.
    ///
    /// `math:log(1)` => `0.0`
    /// `math:log(0)` => `error:badarith`
    [plain] "log"/1 = log, "erts/emulator/beam/erl_math.c";
    /// Logarithm to base 2.
    ///
    /// `math:log2(8)` => `3.0`
    [plain] "log2"/1 = log2, "erts/emulator/beam/erl_math.c";
    /// Logarithm to base 10.
    ///
    /// `math:log10(1000)` => `3.0`
    [plain] "log10"/1 = log10, "erts/emulator/beam/erl_math.c";
    /// Square root.
    ///
    /// `math:sqrt(4)` => `2.0`
    /// `math:sqrt(-1)` => `error:badarith`
    [plain] "sqrt"/1 = sqrt, "erts/emulator/beam/erl_math.c";
    /// The largest whole number not above, as a float.
    ///
    /// `math:floor(-2.5)` => `-3.0`
    [plain] "floor"/1 = floor, "erts/emulator/beam/erl_math.c";
    /// The smallest whole number not below, as a float.
    ///
    /// `math:ceil(2.5)` => `3.0`
    [plain] "ceil"/1 = ceil, "erts/emulator/beam/erl_math.c";
    /// Arc tangent of `Y / X` in the right quadrant.
    ///
    /// `math:atan2(0, 1)` => `0.0`
    [plain] "atan2"/2 = atan2, "erts/emulator/beam/erl_math.c";
    /// The first to the power of the second.
    ///
    /// `math:pow(2, 10)` => `1024.0`
    /// `math:pow(10, 400)` => `error:badarith`
    [plain] "pow"/2 = pow, "erts/emulator/beam/erl_math.c";
    /// Remainder of the float division, with the sign of the first.
    ///
    /// `math:fmod(-3, 2)` => `-1.0`
    /// `math:fmod(3, 0)` => `error:badarith`
    [plain] "fmod"/2 = fmod, "erts/emulator/beam/erl_math.c";
}

/// The argument as a float.
fn float_of<'c>(term: Term<'c>) -> Result<f64, Stop<'c>> {
    Number::of(term).or_badarg()?.to_f64().ok_or(Stop::BADARITH)
}

fn finite<'c>(call: &mut Call<'c>, value: f64) -> BifResult<'c> {
    if value.is_finite() { Ok(call.float(value)) } else { Err(Stop::BADARITH) }
}

macro_rules! functions_of_one {
    ($($name:ident = $function:expr;)*) => {$(
        fn $name<'c>(call: &mut Call<'c>, [x]: [Term<'c>; 1]) -> BifResult<'c> {
            let function: fn(f64) -> f64 = $function;
            finite(call, function(float_of(x)?))
        }
    )*};
}

// The C library has its own inverse hyperbolic and error functions, other than Rust's formulas: `libm` follows it.
functions_of_one! {
    cos = f64::cos;
    cosh = f64::cosh;
    sin = f64::sin;
    sinh = f64::sinh;
    tan = f64::tan;
    tanh = f64::tanh;
    acos = f64::acos;
    acosh = libm::acosh;
    asin = f64::asin;
    asinh = libm::asinh;
    atan = f64::atan;
    atanh = libm::atanh;
    erf = libm::erf;
    erfc = libm::erfc;
    exp = f64::exp;
    log = f64::ln;
    log2 = f64::log2;
    log10 = f64::log10;
    sqrt = f64::sqrt;
    floor = f64::floor;
    ceil = f64::ceil;
}

macro_rules! functions_of_two {
    ($($name:ident = $function:expr;)*) => {$(
        fn $name<'c>(call: &mut Call<'c>, [x, y]: [Term<'c>; 2]) -> BifResult<'c> {
            let function: fn(f64, f64) -> f64 = $function;
            let x = float_of(x)?;
            finite(call, function(x, float_of(y)?))
        }
    )*};
}
functions_of_two! {
    atan2 = f64::atan2;
    pow = f64::powf;
    fmod = |x, y| x % y;
}
