import Foundation

/// Whom a login is for: scheme, host and port.
package struct WebOrigin: Hashable, Sendable {
    package let scheme: String
    package let host: String
    package let port: Int

    /// `nil` where an address is not of http or https, or names no host.
    package init?(_ url: URL) {
        guard let scheme = url.scheme?.lowercased(), let standard = ["http": 80, "https": 443][scheme],
            let host = url.host(percentEncoded: false)?.lowercased(), !host.isEmpty
        else { return nil }
        self.scheme = scheme
        self.host = host.hasSuffix(".") ? String(host.dropLast()) : host
        port = url.port ?? standard
    }
}

extension StringProtocol {
    /// Whether a text has control characters, as they are or percent-encoded. Programs that read line by line, such as `git
    /// credential`, take a line's end in an address for the end of a field.
    package var hasControlCharacters: Bool {
        if unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) { return true }
        let bytes = Array(utf8)
        return bytes.indices.contains { index in
            guard bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let code = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
            else { return false }
            return code < 0x20 || code == 0x7F
        }
    }
}
