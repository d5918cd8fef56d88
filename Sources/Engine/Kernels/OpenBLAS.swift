import CKernels
import Words

/// The system's OpenBLAS, where it has one: loaded the first time that somebody asks.
enum OpenBLAS {
    /// Which it is; `nil` where there is none, or `DECANT_VECTORS` limits the kernels to Decant's own.
    static let build: OpenBLASBuild? = {
        var found = decant_openblas_build()
        guard decant_openblas_load(&found) == 1 else { return nil }
        func text<Characters>(_ characters: Characters) -> String {
            withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return OpenBLASBuild(core: text(found.core), version: text(found.version))
    }()
}
