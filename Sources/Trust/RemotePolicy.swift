import CanonicalJSON

/// What must be true of everything that comes from a remote.
package enum RemotePolicy: Hashable, Sendable {
    /// Its form and its hashes are right; who made it is shown and not asked.
    case none
    /// An allowed signer signed every build and every tag. Where principals are named, one of them did.
    case signed(by: [String])
    /// So many witnesses ran it again and got the same bytes. Where principals are named, they are the ones who count.
    case reproduced(Int, by: [String])

    /// Reads `none`, `signed`, `reproduced:2` and `reproduced: 2`; `nil` for anything else.
    package init?(_ text: String, by principals: [String] = []) {
        if text == "none", principals.isEmpty {
            self = .none
        } else if text == "signed" {
            self = .signed(by: principals)
        } else if let match = text.wholeMatch(of: /reproduced: ?([1-9][0-9]{0,2})/), let count = Int(match.1) {
            self = .reproduced(count, by: principals)
        } else {
            return nil
        }
    }

    /// As it is written.
    package var word: String {
        switch self {
        case .none: "none"
        case .signed: "signed"
        case .reproduced(let count, _): "reproduced:\(count)"
        }
    }

    package var principals: [String] {
        switch self {
        case .none: []
        case .signed(let principals), .reproduced(_, let principals): principals
        }
    }

    /// `signed, by ann@example.org`.
    package var words: String { principals.isEmpty ? word : "\(word), by \(principals.joined(separator: " or "))" }
}

/// The policy for the remotes whose address fits a pattern.
package struct RemoteRule: Hashable, Sendable {
    /// An address in which `*` stands for anything; `*` alone is the default for all.
    package let pattern: String
    package let policy: RemotePolicy

    /// The pattern is kept as addresses are compared.
    package init(pattern: String, policy: RemotePolicy) {
        (self.pattern, self.policy) = (Self.normal(pattern), policy)
    }

    /// Whether the rule is for a remote of this address.
    func fits(_ address: String) -> Bool { Self.fits(Array(pattern.utf8)[...], Array(Self.normal(address).utf8)[...]) }

    /// One spelling of an address: no user, no default port, no `.git`, no slash last; scheme and host in small letters.
    package static func normal(_ address: String) -> String {
        var text = address
        if let match = text.wholeMatch(of: /(?:[^@\/:]+@)?([A-Za-z0-9.*-]+):([^\/].*|\/[^\/].*)/), !text.contains("://") {
            text = "ssh://\(match.1)/\(match.2.hasPrefix("/") ? String(match.2.dropFirst()) : String(match.2))"
        }
        if let match = text.wholeMatch(of: /([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:[^@\/]*@)?([^\/]*)(.*)/) {
            let scheme = match.1.lowercased()
            if scheme == "file" {
                text = String(match.3)
            } else {
                var host = match.2.lowercased()
                let port = [":443": "https", ":80": "http", ":22": "ssh"].first { $0.value == scheme && host.hasSuffix($0.key) }
                if let port { host.removeLast(port.key.count) }
                text = "\(scheme)://\(host)\(match.3)"
            }
        }
        while text.count > 1, text.hasSuffix("/") { text.removeLast() }
        if text.hasSuffix(".git") { text.removeLast(4) }
        while text.count > 1, text.hasSuffix("/") { text.removeLast() }
        return text
    }

    /// Iterative, so that no pattern takes long.
    private static func fits(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        var (p, t) = (pattern.startIndex, text.startIndex)
        var star: (pattern: Int, text: Int)?
        while t < text.endIndex {
            if p < pattern.endIndex, pattern[p] == UInt8(ascii: "*") {
                star = (p, t)
                p += 1
            } else if p < pattern.endIndex, pattern[p] == text[t] {
                p += 1
                t += 1
            } else if let last = star {
                p = last.pattern + 1
                t = last.text + 1
                star = (last.pattern, t)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    var json: JSON {
        var members: [String: JSON] = ["remote": .string(pattern), "policy": .string(policy.word)]
        if !policy.principals.isEmpty { members["by"] = .array(policy.principals.map(JSON.string)) }
        return .object(members)
    }

    init?(json: JSON) {
        guard let pattern = json["remote"]?.string, let word = json["policy"]?.string,
            let policy = RemotePolicy(word, by: (json["by"]?.array ?? []).compactMap(\.string))
        else { return nil }
        self.init(pattern: pattern, policy: policy)
    }
}
