import BuildModel
import Foundation

/// The API keys of model servers. They come from environment variables and go into one header, nowhere else.
package struct EndpointKeys: Sendable {
    private let values: [String: String]

    static let standardVariable = "OPENAI_API_KEY"

    package init(_ values: [String: String] = [:]) { self.values = values }

    /// Takes keys out of this process's environment: programs that it starts from here on do not inherit them.
    ///
    /// It must be called while no other thread reads the environment.
    package static func taken(for accesses: some Sequence<EndpointAccess>) -> EndpointKeys {
        var values: [String: String] = [:]
        for access in accesses {
            guard let name = access.key.variable, values[name] == nil, let value = getenv(name) else { continue }
            values[name] = String(cString: value).trimmingCharacters(in: .whitespacesAndNewlines)
            unsetenv(name)
        }
        return EndpointKeys(values)
    }

    /// The key for a server; `nil` where none is to be sent.
    func key(for access: EndpointAccess) throws(EndpointError) -> Secret? {
        guard let name = access.key.variable else { return nil }
        guard let value = values[name], !value.isEmpty else {
            if case .variable = access.key {
                throw EndpointError(
                    "the environment variable \(name), which 'api_key_env' names, is not set; put the server's key into it")
            }
            return nil
        }
        guard value.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7F }) else {
            throw EndpointError(
                "what the environment variable \(name) holds is no key: it has characters that a header cannot have")
        }
        // The recipe does not name this key for this server.
        if case .standard = access.key, !access.isPrivate { return nil }
        return Secret(value)
    }
}

/// A text that is never shown.
struct Secret: Sendable, CustomStringConvertible {
    private let value: String

    init(_ value: String) { self.value = value }

    var description: String { Self.mask }

    /// The value of an `Authorization` header.
    var header: String { "Bearer \(value)" }

    /// A text without it, should a server send it back.
    func removed(from text: String) -> String { text.replacingOccurrences(of: value, with: Self.mask) }

    private static let mask = "(the key)"
}

extension EndpointAccess.Key {
    fileprivate var variable: String? {
        switch self {
        case .none: nil
        case .standard: EndpointKeys.standardVariable
        case .variable(let name): name
        }
    }
}

extension EndpointAccess {
    /// Whether the connection is encrypted or stays on this machine.
    fileprivate var isPrivate: Bool {
        guard let url = URL(string: url) else { return false }
        return url.scheme == "https" || ["localhost", "127.0.0.1", "::1", "[::1]"].contains(url.host ?? "")
    }
}
