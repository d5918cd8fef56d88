import BuildModel

/// Why files from outside could not be had.
package enum FetchError: Error, Hashable, Sendable, CustomStringConvertible {
    case invalidURL(String)
    /// A word of the recipe that must not reach a command line or an address; `expected` says what may stand there.
    case invalid(String, expected: String)
    case unreachable(url: String, reason: String)
    case refused(url: String, status: Int)
    /// Hugging Face wants to know who asks.
    case needsToken(url: String, status: Int)
    case unexpectedAnswer(url: String, reason: String)
    case programMissing(origin: String, program: String)
    case programFailed(origin: String, program: String, reason: String)
    case unknownRevision(url: String, revision: String)
    case archive(origin: String, reason: String)
    case noMember(origin: String, pattern: String, there: [String])
    /// The source is one file, but its members are several.
    case severalMembers(origin: String, members: [String])
    case missingFile(origin: String, path: String, there: [String])
    case unexpectedDigest(url: String, expected: Digest, found: Digest)
    case cannotKeep(origin: String, reason: String)

    private static let hint = "where there is no network, `decant import FILE` takes a copy of the file"

    package var description: String {
        switch self {
        case .invalidURL(let url):
            "'\(url)' is not an http or https URL"
        case .invalid(let text, let expected):
            "'\(text)' is not \(expected)"
        case .unreachable(let url, let reason):
            "\(url) cannot be reached: \(reason); \(Self.hint)"
        case .refused(let url, let status):
            "\(url) answered with HTTP status \(status)"
        case .needsToken(let url, let status):
            "\(url) answered with HTTP status \(status): it does not exist, or needs a token in HF_TOKEN that may read it"
        case .unexpectedAnswer(let url, let reason):
            "\(url) gave an answer that cannot be read: \(reason)"
        case .programMissing(let origin, let program):
            "\(origin) cannot be fetched: that needs \(program), which is missing here; \(Self.hint)"
        case .programFailed(let origin, let program, let reason):
            "\(origin) cannot be fetched: \(program) says: \(reason); \(Self.hint)"
        case .unknownRevision(let url, let revision):
            "\(url) has no branch, tag or commit '\(revision)'; a commit is named by all of its 40 digits"
        case .archive(let origin, let reason):
            "\(origin): \(reason)"
        case .noMember(let origin, let pattern, let there):
            "\(origin) has no file that matches '\(pattern)'; it has \(Self.list(there))"
        case .severalMembers(let origin, let members):
            "\(origin) gives several files where one is pinned; choose one with `member`: \(Self.list(members))"
        case .missingFile(let origin, let path, let there):
            "\(origin) gives no file \(path); it gives \(Self.list(there))"
        case .unexpectedDigest(let url, let expected, let found):
            "\(url) gave other bytes than the recipe pins: sha256 is \(found), the recipe says \(expected)"
        case .cannotKeep(let origin, let reason):
            "\(origin) could not be kept: \(reason)"
        }
    }

    /// At most twenty names.
    private static func list(_ names: [String]) -> String {
        if names.isEmpty { return "no file" }
        return names.prefix(20).joined(separator: ", ") + (names.count > 20 ? " and \(names.count - 20) more" : "")
    }
}
