// SPDX-License-Identifier: MIT
// Without the core library, which rustc does not ship for the BPF targets: the few language items are declared here.
#![feature(no_core, lang_items, auto_traits)]
#![allow(internal_features)]
#![no_core]

#[lang = "pointee_sized"]
pub trait PointeeSized {}
#[lang = "meta_sized"]
pub trait MetaSized: PointeeSized {}
#[lang = "sized"]
pub trait Sized: MetaSized {}
#[lang = "copy"]
pub trait Copy {}
impl Copy for u32 {}
impl<T: PointeeSized> Copy for *const T {}
#[lang = "freeze"]
unsafe auto trait Freeze {}
#[lang = "sync"]
trait Sync {}
#[lang = "drop_in_place"]
unsafe fn drop_in_place<T: PointeeSized>(_: *mut T) {}
impl Sync for u32 {}
impl Sync for (u32, u32) {}

#[no_mangle]
pub static mut COUNT: u32 = 5;
#[no_mangle]
pub static PAIR: (u32, u32) = (2, 7);

#[inline(never)]
#[no_mangle]
pub extern "C" fn pick(second: *const u32) -> u32 {
    unsafe { *second }
}

#[no_mangle]
#[link_section = "fc/rust"]
pub extern "C" fn rust_entry(ctx: *const u32) -> u32 {
    unsafe {
        COUNT = pick(ctx);
        PAIR.1
    }
}
