import CKernels

/// What this machine's processor can do.
public enum Processor {
    /// Whether it has the AVX2 and FMA instructions that the engine is compiled for.
    public static var supportsPortableNumerics: Bool { decant_supports_portable_numerics() == 1 }
}
