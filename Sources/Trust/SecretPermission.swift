import CanonicalJSON
import Foundation

/// A secret that recipes may send to a host: the name of an environment variable, never its value.
package struct SecretPermission: Hashable, Sendable {
    /// Of the environment variable.
    package let name: String
    /// `api.example.org`, or `localhost:8000` where the port is not the scheme's own.
    package let host: String

    package init(name: String, host: String) { (self.name, self.host) = (name, host.lowercased()) }

    /// The host of a URL as a permission names it; `nil` where it has none, or one that two programs could read differently.
    package static func host(of url: String) -> String? {
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }),
            let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            let host = parts.host?.lowercased(), host.wholeMatch(of: /[a-z0-9.-]+|\[[0-9a-f:.]+\]|[0-9a-f:.]+/) != nil
        else { return nil }
        let shown = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        guard let port = parts.port, port != (scheme == "https" ? 443 : 80) else { return shown }
        return "\(shown):\(port)"
    }

    /// What nobody has to allow: OpenAI's own key for OpenAI's own server.
    package static let wellKnown = [SecretPermission(name: "OPENAI_API_KEY", host: "api.openai.com")]

    var json: JSON { ["name": .string(name), "host": .string(host)] }

    init?(json: JSON) {
        guard let name = json["name"]?.string, let host = json["host"]?.string else { return nil }
        self.init(name: name, host: host)
    }
}
