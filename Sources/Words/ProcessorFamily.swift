/// What the kernels of the native profile are, and no more: processors that run the same kernels share results.
///
/// Names are part of keys. Where a family's kernels come to give other bytes, it gets a new name.
package enum ProcessorFamily: Hashable, Sendable {
    case avx2
    case avx512
    /// Products of bfloat16, one vector at a time.
    case avx512BFloat16
    /// Products of bfloat16 in the tiles of AMX.
    case amxBFloat16
    /// Products of float32 by the system's OpenBLAS.
    case openBLAS(OpenBLASBuild)

    /// Those whose kernels are Decant's own.
    package static let ours: [ProcessorFamily] = [.avx2, .avx512, .avx512BFloat16, .amxBFloat16]
}

/// What the bytes of OpenBLAS depend on.
package struct OpenBLASBuild: Hashable, Sendable {
    /// The processor core that its kernels are made for, in lower case: `haswell`, `skylakex`.
    package let core: String
    /// `0.3.21`
    package let version: String

    /// `nil` where a part is empty, long, or holds anything but lower-case letters, digits and, in a version, dots.
    package init?(core: String, version: String) {
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
        guard (1...20).contains(core.utf8.count), core.utf8.allSatisfy({ isLetter($0) || isDigit($0) }),
            (1...20).contains(version.utf8.count), version.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") })
        else { return nil }
        (self.core, self.version) = (core, version)
    }
}

/// A family's one spelling: `avx512-bf16`, `openblas-skylakex-0.3.21`.
extension ProcessorFamily: RawRepresentable {
    private static let libraryPrefix = "openblas-"

    package var rawValue: String {
        switch self {
        case .avx2: "avx2"
        case .avx512: "avx512"
        case .avx512BFloat16: "avx512-bf16"
        case .amxBFloat16: "amx-bf16"
        case .openBLAS(let build): "\(Self.libraryPrefix)\(build.core)-\(build.version)"
        }
    }

    package init?(rawValue: String) {
        if let family = Self.ours.first(where: { $0.rawValue.utf8.elementsEqual(rawValue.utf8) }) {
            self = family
            return
        }
        let parts = rawValue.split(separator: "-", omittingEmptySubsequences: false)
        guard rawValue.hasPrefix(Self.libraryPrefix), parts.count == 3,
            let build = OpenBLASBuild(core: String(parts[1]), version: String(parts[2]))
        else { return nil }
        self = .openBLAS(build)
    }
}
