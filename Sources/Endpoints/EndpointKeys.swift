import BuildModel
import Foundation

/// The API keys of model servers. They come from environment variables and go into one header, nowhere else: a recipe names the
/// variable, and a person allows it for the host.
package struct EndpointKeys: Sendable {
    private let values: [String: String]
    private let allowing: @Sendable (_ variable: String, _ url: String) -> Bool

    static let standardVariable = "OPENAI_API_KEY"

    /// - Parameter allowing: whether a variable's value may go to the host of a URL.
    package init(
        _ values: [String: String] = [:],
        allowing: @escaping @Sendable (_ variable: String, _ url: String) -> Bool = { _, _ in true }
    ) {
        self.values = values
        self.allowing = allowing
    }

    /// Takes keys out of this process's environment: programs that it starts from here on do not inherit them. What no host may
    /// have stays where it is.
    ///
    /// It must be called while no other thread reads the environment.
    package static func taken(
        for accesses: some Sequence<EndpointAccess>,
        allowing: @escaping @Sendable (_ variable: String, _ url: String) -> Bool
    ) -> EndpointKeys {
        var values: [String: String] = [:]
        for access in accesses {
            guard let name = access.key.variable, values[name] == nil, allowing(name, access.url), let value = getenv(name)
            else { continue }
            values[name] = String(cString: value).trimmingCharacters(in: .whitespacesAndNewlines)
            unsetenv(name)
        }
        return EndpointKeys(values, allowing: allowing)
    }

    /// The key for a server; `nil` where none is to be sent.
    func key(for access: EndpointAccess) throws(EndpointError) -> Secret? {
        guard let name = access.key.variable else { return nil }
        let isNamed = if case .variable = access.key { true } else { false }
        guard access.isPrivate else {
            guard isNamed else { return nil }
            throw EndpointError(
                "\(name) is not sent to \(access.host): anybody on the way can read plain http; write https as 'url', or "
                    + "'api_key_env: \"\"' for a server that wants no key")
        }
        guard allowing(name, access.url) else {
            guard isNamed else { return nil }
            throw EndpointError(
                "the recipe wants \(name) sent to \(access.host), and nobody has allowed that: if you trust the recipe and the "
                    + "server, `decant trust secret \(name) \(access.host)`")
        }
        guard let value = values[name], !value.isEmpty else {
            guard isNamed else { return nil }
            throw EndpointError(
                "the environment variable \(name), which 'api_key_env' names, is not set; put the server's key into it")
        }
        guard value.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7F }) else {
            throw EndpointError(
                "what the environment variable \(name) holds is no key: it has characters that a header cannot have")
        }
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
    /// The environment variable that holds the key; `nil` where none is sent.
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
        return url.scheme == "https"
            || url.scheme == "http" && ["localhost", "127.0.0.1", "::1", "[::1]"].contains(url.host ?? "")
    }

    /// The host with its port, as people write it.
    fileprivate var host: String {
        guard let parts = URLComponents(string: url), let host = parts.host else { return url }
        return host + (parts.port.map { ":\($0)" } ?? "")
    }
}
