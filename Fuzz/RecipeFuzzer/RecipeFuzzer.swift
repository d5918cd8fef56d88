// The target of `scripts/fuzz-recipes`: libFuzzer calls it with one text after another. The manifest declares it only where
// DECANT_FUZZ is set.

import RecipeChecks

/// Called with each text.
@_cdecl("LLVMFuzzerTestOneInput")
public func tryRecipe(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    checkRecipe(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
