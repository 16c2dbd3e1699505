//! Numbers to registers and back.

use std::arch::x86_64::{__m128i, __m256, __m256i, __m512, __m512i};

/// Types of which every pattern of bits is a value.
///
/// # Safety
/// That must be so.
pub(super) unsafe trait Plain {}

// SAFETY: so it is with numbers and registers.
unsafe impl Plain for f32 {}
// SAFETY: as above.
unsafe impl Plain for u32 {}
// SAFETY: as above.
unsafe impl Plain for __m128i {}
// SAFETY: as above.
unsafe impl Plain for __m256 {}
// SAFETY: as above.
unsafe impl Plain for __m256i {}
// SAFETY: as above.
unsafe impl Plain for __m512 {}
// SAFETY: as above.
unsafe impl Plain for __m512i {}
// SAFETY: an array has the bits of its parts and no others.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}

/// The same bits as another type. By value: the compiler loads and stores as the place they lie
/// in is aligned, and refuses another size or a type that is not [`Plain`].
macro_rules! bits {
    ($value:expr, $from:ty => $to:ty) => {{
        const fn plain<T: $crate::vector::bits::Plain>() {}
        const { (plain::<$from>(), plain::<$to>()) };
        let value: $from = $value;
        // SAFETY: both are plain.
        unsafe { std::mem::transmute::<$from, $to>(value) }
    }};
}
pub(super) use bits;
