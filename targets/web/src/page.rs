//! The page as the machine's host: `platform::web::Hooks` over JavaScript.

use std::cell::RefCell;

use lam_vm::platform::LocalOffset;
use lam_vm::platform::stdio::Stream;
use lam_vm::platform::web::{self, Hooks, Setting};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
unsafe extern "C" {
    /// The object that `web-shim/lam.js` hands over.
    pub type Page;

    #[wasm_bindgen(method, js_name = write)]
    fn js_write(this: &Page, stream: i32, bytes: &[u8]);

    #[wasm_bindgen(method, js_name = exit)]
    fn js_exit(this: &Page, code: i32);

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]);
}

thread_local! {
    static PAGE: RefCell<Option<Page>> = const { RefCell::new(None) };
}

/// Makes the page the machine's host; `env` is name, value, name, value …
pub fn register(page: Page, args: &[Vec<u8>], env: Vec<Vec<u8>>) {
    PAGE.set(Some(page));
    let hooks = Hooks {
        monotonic_ns: || (performance_now() * 1e6) as u64,
        system_ns: || (js_sys::Date::now() * 1e6) as i64,
        entropy: get_random_values,
        local_offset,
        write: |stream, bytes| write(if matches!(stream, Stream::Stderr) { 2 } else { 1 }, bytes),
        exit,
    };
    let mut argv = vec![b"lam".to_vec()];
    argv.extend_from_slice(args);
    let mut pairs = env.into_iter();
    let mut env = Vec::new();
    while let (Some(name), Some(value)) = (pairs.next(), pairs.next()) {
        env.push((name, value));
    }
    web::register(hooks, Setting { argv, env });
}

/// The bytes of each Uint8Array in a list.
pub fn bytes_of(list: &js_sys::Array) -> Vec<Vec<u8>> {
    list.iter().map(|item| js_sys::Uint8Array::new(&item).to_vec()).collect()
}

/// Writes to stdout (1) or stderr (2).
pub fn write(stream: i32, bytes: &[u8]) {
    PAGE.with_borrow(|page| {
        if let Some(page) = page {
            page.js_write(stream, bytes);
        }
    });
}

/// Ends the program: the page throws, which leaves the machine for good.
pub fn exit(code: i32) -> ! {
    PAGE.with_borrow(|page| {
        if let Some(page) = page {
            page.js_exit(code);
        }
    });
    core::arch::wasm32::unreachable()
}

/// The browser's zone at a second of UTC; summer is where the offset is bigger than the smaller of January's and July's.
fn local_offset(second: i64) -> LocalOffset {
    let minutes_at = |date: &js_sys::Date| -date.get_timezone_offset();
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(second as f64 * 1e3));
    let year = date.get_full_year();
    let minutes = minutes_at(&date);
    let winter = [0, 6].map(|month| minutes_at(&js_sys::Date::new_with_year_month(year, month)));
    page_offset(minutes, winter[0].min(winter[1]))
}

fn page_offset(minutes: f64, standard_minutes: f64) -> LocalOffset {
    LocalOffset { seconds: (minutes * 60.0) as i32, is_dst: minutes > standard_minutes }
}
