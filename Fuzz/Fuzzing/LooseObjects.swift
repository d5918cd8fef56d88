import Foundation

/// Writes objects into a bare repository as git would, whatever they hold.
struct LooseObjects {
    let repository: URL

    /// Makes the repository.
    init(at url: URL) throws {
        repository = url
        try Seeds.write(
            [
                "HEAD": Array("ref: refs/heads/main\n".utf8), "config": Array("[core]\n\tbare = true\n".utf8),
                "refs/heads/none": [],
            ], in: url)
        try FileManager.default.removeItem(at: url.appending(path: "refs/heads/none"))
        try FileManager.default.createDirectory(at: url.appending(path: "objects"), withIntermediateDirectories: true)
    }

    /// - Returns: the object's id, 20 bytes.
    func write(_ kind: String, _ content: [UInt8]) throws -> [UInt8] {
        let object = Array("\(kind) \(content.count)\0".utf8) + content
        let id = Self.sha1(object)
        let hex = Self.hex(id)
        let path = "objects/\(hex.prefix(2))/\(hex.dropFirst(2))"
        try Seeds.write([path: Self.stored(object)], in: repository)
        return id
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A zlib stream (RFC 1950) that compresses nothing.
    private static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        var rest = bytes[...]
        repeat {
            let piece = rest.prefix(65_535)
            rest = rest.dropFirst(piece.count)
            let (low, high) = (UInt8(piece.count & 0xFF), UInt8(piece.count >> 8))
            stream += [rest.isEmpty ? 1 : 0, low, high, ~low, ~high] + piece
        } while !rest.isEmpty
        var (a, b) = (UInt32(1), UInt32(0))
        for byte in bytes {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return stream + [UInt8(b >> 8), UInt8(b & 0xFF), UInt8(a >> 8), UInt8(a & 0xFF)]
    }

    /// SHA-1 (RFC 3174).
    private static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        var message = bytes + [0x80]
        while message.count % 64 != 56 { message.append(0) }
        message += (0..<8).map { UInt8(truncatingIfNeeded: (bytes.count * 8) >> (56 - 8 * $0)) }
        var h: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
        func turned(_ word: UInt32, _ bits: UInt32) -> UInt32 { word << bits | word >> (32 - bits) }
        for block in stride(from: 0, to: message.count, by: 64) {
            var w = (0..<16).map { index in (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(message[block + 4 * index + $1]) } }
            for t in 16..<80 { w.append(turned(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1)) }
            var (a, b, c, d, e) = (h[0], h[1], h[2], h[3], h[4])
            for t in 0..<80 {
                let (f, k): (UInt32, UInt32) =
                    switch t / 20 {
                    case 0: (b & c | ~b & d, 0x5A82_7999)
                    case 1: (b ^ c ^ d, 0x6ED9_EBA1)
                    case 2: (b & c | b & d | c & d, 0x8F1B_BCDC)
                    default: (b ^ c ^ d, 0xCA62_C1D6)
                    }
                (a, b, c, d, e) = (turned(a, 5) &+ f &+ e &+ k &+ w[t], a, turned(b, 30), c, d)
            }
            for (index, value) in [a, b, c, d, e].enumerated() { h[index] = h[index] &+ value }
        }
        return h.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) } }
    }
}
