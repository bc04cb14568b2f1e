//! What safe Rust keeps out and `unsafe` lets in: six races, each with its correct twin.
use pyo3::prelude::*;
use std::cell::UnsafeCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// The promise that is not kept.
struct Unlocked<T>(UnsafeCell<T>);
unsafe impl<T> Sync for Unlocked<T> {}
unsafe impl<T> Send for Unlocked<T> {}

impl<T> Unlocked<T> {
    fn new(value: T) -> Self {
        Unlocked(UnsafeCell::new(value))
    }
    #[allow(clippy::mut_from_ref)]
    fn get(&self) -> &mut T {
        unsafe { &mut *self.0.get() }
    }
}

#[pyclass(frozen, module = "rusty")]
struct CounterBug {
    count: Unlocked<u64>,
}

#[pymethods]
impl CounterBug {
    #[new]
    fn new() -> Self {
        CounterBug { count: Unlocked::new(0) }
    }
    /// Detached from the interpreter, as long computations are.
    fn bump(&self, py: Python<'_>) {
        py.detach(|| *self.count.get() += 1)
    }
}

#[pyclass(frozen, module = "rusty")]
struct CounterOk {
    count: Mutex<u64>,
}

#[pymethods]
impl CounterOk {
    #[new]
    fn new() -> Self {
        CounterOk { count: Mutex::new(0) }
    }
    fn bump(&self, py: Python<'_>) {
        py.detach(|| *self.count.lock().unwrap() += 1)
    }
}

#[pyclass(frozen, module = "rusty")]
struct CacheBug {
    map: Unlocked<HashMap<u64, String>>,
}

#[pymethods]
impl CacheBug {
    #[new]
    fn new() -> Self {
        CacheBug { map: Unlocked::new(HashMap::with_capacity(64)) }
    }
    fn put(&self, key: u64) {
        self.map.get().insert(key, String::new());
    }
}

#[pyclass(frozen, module = "rusty")]
struct CacheOk {
    map: Mutex<HashMap<u64, String>>,
}

#[pymethods]
impl CacheOk {
    #[new]
    fn new() -> Self {
        CacheOk { map: Mutex::new(HashMap::with_capacity(64)) }
    }
    fn put(&self, key: u64) {
        self.map.lock().unwrap().insert(key, String::new());
    }
}

static mut CALLS_BUG: u64 = 0;
static CALLS_OK: AtomicU64 = AtomicU64::new(0);

#[pyfunction]
fn call_bug() {
    unsafe { CALLS_BUG += 1 }
}

#[pyfunction]
fn call_ok() {
    CALLS_OK.fetch_add(1, Ordering::Relaxed);
}

/// `Rc` counts without atomic operations.
#[pyclass(frozen, module = "rusty")]
struct SharedBug {
    text: Unlocked<Rc<String>>,
}

#[pymethods]
impl SharedBug {
    #[new]
    fn new() -> Self {
        SharedBug { text: Unlocked::new(Rc::new(String::from("text"))) }
    }
    fn length(&self) -> usize {
        let mine = self.text.get().clone();
        mine.len()
    }
}

#[pyclass(frozen, module = "rusty")]
struct SharedOk {
    text: Arc<String>,
}

#[pymethods]
impl SharedOk {
    #[new]
    fn new() -> Self {
        SharedOk { text: Arc::new(String::from("text")) }
    }
    fn length(&self) -> usize {
        let mine = self.text.clone();
        mine.len()
    }
}

/// Made when it is first asked for.
#[pyclass(frozen, module = "rusty")]
struct LazyBug {
    value: Unlocked<Option<u64>>,
}

#[pymethods]
impl LazyBug {
    #[new]
    fn new() -> Self {
        LazyBug { value: Unlocked::new(None) }
    }
    fn get(&self) -> u64 {
        *self.value.get().get_or_insert_with(|| 42)
    }
}

#[pyclass(frozen, module = "rusty")]
struct LazyOk {
    value: OnceLock<u64>,
}

#[pymethods]
impl LazyOk {
    #[new]
    fn new() -> Self {
        LazyOk { value: OnceLock::new() }
    }
    fn get(&self) -> u64 {
        *self.value.get_or_init(|| 42)
    }
}

fn publish(place: &AtomicPtr<u64>, value: u64, order: Ordering) {
    place.store(Box::into_raw(Box::new(value)), order) // what was there before stays for ever
}

fn read(place: &AtomicPtr<u64>, order: Ordering) -> u64 {
    unsafe { place.load(order).as_ref() }.copied().unwrap_or(0)
}

/// Atomic, but with an order that does not say that what it points to is written.
#[pyclass(frozen, module = "rusty")]
struct LatestBug {
    place: AtomicPtr<u64>,
}

#[pymethods]
impl LatestBug {
    #[new]
    fn new() -> Self {
        LatestBug { place: AtomicPtr::default() }
    }
    fn put(&self, value: u64) {
        publish(&self.place, value, Ordering::Relaxed)
    }
    fn get(&self) -> u64 {
        read(&self.place, Ordering::Relaxed)
    }
}

#[pyclass(frozen, module = "rusty")]
struct LatestOk {
    place: AtomicPtr<u64>,
}

#[pymethods]
impl LatestOk {
    #[new]
    fn new() -> Self {
        LatestOk { place: AtomicPtr::default() }
    }
    fn put(&self, value: u64) {
        publish(&self.place, value, Ordering::Release)
    }
    fn get(&self) -> u64 {
        read(&self.place, Ordering::Acquire)
    }
}

#[pymodule(gil_used = false)]
mod rusty {
    #[pymodule_export]
    use super::{call_bug, call_ok, CacheBug, CacheOk, CounterBug, CounterOk, LatestBug, LatestOk};
    #[pymodule_export]
    use super::{LazyBug, LazyOk, SharedBug, SharedOk};
}
