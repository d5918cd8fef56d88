import CCrypto
import Foundation

/// A pack of git objects, or its index: both end in the SHA-1 of all that stands before.
enum Pack {
    /// Bytes of a SHA-1.
    private static let digestSize = 20

    static func isIntact(_ url: URL) -> Bool {
        guard let file = try? FileHandle(forReadingFrom: url), let size = try? file.seekToEnd(), size > digestSize,
            (try? file.seek(toOffset: 0)) != nil
        else { return false }
        defer { try? file.close() }
        var hasher = SHA1()
        var rest = Int(size) - digestSize
        while rest > 0 {
            guard let chunk = try? file.read(upToCount: min(rest, 1 << 20)), !chunk.isEmpty else { return false }
            chunk.withUnsafeBytes { hasher.update($0) }
            rest -= chunk.count
        }
        return (try? file.readToEnd()).map(Array.init) == hasher.finish()
    }
}

/// SHA-1, which git's formats ask for.
private struct SHA1: ~Copyable {
    private let context = EVP_MD_CTX_new()

    init() { EVP_DigestInit_ex(context, EVP_sha1(), nil) }
    deinit { EVP_MD_CTX_free(context) }

    mutating func update(_ bytes: UnsafeRawBufferPointer) { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }

    mutating func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        EVP_DigestFinal_ex(context, &digest, nil)
        return digest
    }
}
