import CCrypto
import CLibgit2
import CZlib
import Foundation

/// A git object in a file of its own, read without libgit2.
///
/// libgit2 1.5 writes past a buffer when the header of a damaged object says less than the file holds. So every such file is
/// inflated and hashed here first.
struct LooseObject {
    private let kind: git_object_t
    private let body: ArraySlice<UInt8>

    /// Reads the file; `nil` where it is no object from its first byte to its last.
    init?(at url: URL) {
        guard let compressed = try? Data(contentsOf: url, options: .mappedIfSafe), let content = Self.inflate(compressed),
            let end = content.firstIndex(of: 0), end < 32
        else { return nil }
        let header = String(decoding: content[..<end], as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard header.count == 2, let kind = Self.kinds[String(header[0])], let size = Int(header[1]),
            size == content.count - end - 1
        else { return nil }
        self.kind = kind
        body = content[(end + 1)...]
    }

    /// The id that the content has.
    var id: String {
        var id = git_oid()
        body.withUnsafeBytes { _ = git_odb_hash(&id, $0.baseAddress, $0.count, kind) }
        return GitRepository.hex(id)
    }

    private static let kinds = [
        "blob": GIT_OBJECT_BLOB, "tree": GIT_OBJECT_TREE, "commit": GIT_OBJECT_COMMIT, "tag": GIT_OBJECT_TAG,
    ]

    /// Objects of a lineage are far smaller: files are in the object store.
    private static let limit = 1 << 30

    /// The whole of a zlib stream that ends where the data ends.
    private static func inflate(_ compressed: Data) -> [UInt8]? {
        compressed.withUnsafeBytes { input in
            var stream = z_stream()
            guard decant_inflate_init(&stream) == Z_OK else { return nil }
            defer { inflateEnd(&stream) }
            stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
            stream.avail_in = UInt32(clamping: input.count)
            var content: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            while content.count <= limit {
                let status = chunk.withUnsafeMutableBufferPointer { chunk in
                    stream.next_out = chunk.baseAddress
                    stream.avail_out = UInt32(chunk.count)
                    return CZlib.inflate(&stream, Z_NO_FLUSH)
                }
                content += chunk[..<(chunk.count - Int(stream.avail_out))]
                if status == Z_STREAM_END { return stream.avail_in == 0 ? content : nil }
                guard status == Z_OK else { return nil }
            }
            return nil
        }
    }
}

/// A pack of git objects, or its index. Both end with the SHA-1 of everything before it.
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

extension GitRepository {
    /// An object for libgit2's functions of its kind, to be freed by `git_object_free`. The only way to one: it is intact.
    func lookUp(_ id: git_oid, as kind: git_object_t = GIT_OBJECT_ANY) throws(StoreError) -> OpaquePointer {
        try requireIntact(id)
        var object: OpaquePointer?
        let status = withUnsafePointer(to: id) { git_object_lookup(&object, pointer, $0, kind) }
        try Self.check(status, "read the object \(Self.hex(id))")
        guard let object else { throw .git(operation: "read the object \(Self.hex(id))", reason: "it did not come") }
        return object
    }

    /// Makes sure that libgit2 may read an object: one in a file of its own must be what its id says.
    func requireIntact(_ id: git_oid) throws(StoreError) {
        let hex = Self.hex(id)
        guard !intact.contains(hex) else { return }
        let file = URL(
            fileURLWithPath: String(cString: git_repository_path(pointer)) + "objects/\(hex.prefix(2))/\(hex.dropFirst(2))")
        if access(file.path, F_OK) == 0, LooseObject(at: file)?.id != hex {
            throw .git(operation: "read the object \(hex)", reason: "it is damaged; `decant fsck --repair` puts it aside")
        }
        intact.insert(hex)
    }
}
