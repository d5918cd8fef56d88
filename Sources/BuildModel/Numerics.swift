/// How numbers are computed, as far as it decides bytes.
package enum Numerics: Hashable, Sendable {
    /// The same bytes on every x86-64 machine with AVX2 and FMA, at any thread count.
    case portable
    /// The fastest kernels of a family of processors: the same bytes within it, at any thread count.
    case native(ProcessorFamily)
}

/// What the native profile's choice of kernels depends on, and no more: processors that run the same kernels share results.
///
/// Names are part of keys. Where a family's kernels come to give other bytes, it gets a new name.
package enum ProcessorFamily: String, CaseIterable, Hashable, Sendable {
    case avx2
    case avx512
    /// With products of bfloat16.
    case avx512BFloat16 = "avx512-bf16"
}

/// The profile's one spelling: `portable`, `native-avx512-bf16`.
extension Numerics: RawRepresentable {
    private static let nativePrefix = "native-"

    package var rawValue: String {
        switch self {
        case .portable: "portable"
        case .native(let family): Self.nativePrefix + family.rawValue
        }
    }

    package init?(rawValue: String) {
        if rawValue == "portable" {
            self = .portable
        } else if rawValue.hasPrefix(Self.nativePrefix),
            let family = ProcessorFamily(rawValue: String(rawValue.dropFirst(Self.nativePrefix.count)))
        {
            self = .native(family)
        } else {
            return nil
        }
    }
}
