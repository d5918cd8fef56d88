import BuildModel
import Foundation

/// Brings the files of a source from elsewhere. Only sources need one: a stage never has a network.
public protocol SourceFetcher: Sendable {
    /// The origin with a moving revision (a branch, a tag) turned into the commit that it stands for now.
    func resolve(_ origin: FixedOutput.Origin) async throws(FetchError) -> FixedOutput.Origin

    /// Lays the origin's files out in an empty directory.
    ///
    /// - Returns: their paths in it, sorted; at least one.
    func fetch(_ origin: FixedOutput.Origin, into directory: URL) async throws(FetchError) -> [String]
}

/// Why the files of a source could not be had.
public enum FetchError: Error, Hashable, Sendable, CustomStringConvertible {
    case invalidURL(String)
    case unreachable(url: String, reason: String)
    case refused(url: String, status: Int)
    case unexpectedDigest(origin: String, expected: Digest, found: Digest)
    /// Nothing, or more than the one file that a source pinned by one digest gives.
    case unexpectedFiles(origin: String, wanted: String, found: [String])
    case missingProgram(String, package: String)
    /// Another program brought nothing; its last words.
    case failed(program: String, reason: String)
    case invalid(String)

    public var description: String {
        switch self {
        case .invalidURL(let url):
            "'\(url)' is not an http or https URL"
        case .unreachable(let url, let reason):
            "\(url) cannot be reached: \(reason); where there is no network, `decant import FILE` takes a copy of the file"
        case .refused(let url, let status):
            "\(url) answered with HTTP status \(status)"
        case .unexpectedDigest(let origin, let expected, let found):
            "\(origin) gave other bytes than the recipe pins: sha256 is \(found), the recipe says \(expected)"
        case .unexpectedFiles(let origin, let wanted, let found):
            "\(origin) has \(wanted); it has "
                + (found.isEmpty ? "nothing" : found.prefix(20).joined(separator: ", ") + (found.count > 20 ? ", …" : ""))
        case .missingProgram(let program, let package):
            "this source needs the program '\(program)', which is not installed; Debian has it in \(package)"
        case .failed(let program, let reason):
            "\(program) failed: \(reason); where there is no network, `decant import FILE` takes a copy of the file"
        case .invalid(let what):
            what
        }
    }
}

extension FixedOutput.Origin {
    /// For people.
    public var described: String {
        switch self {
        case .path(let path): path
        case .url(let url, _): url
        case .pypi(let requirement, _): requirement
        case .git(let url, let revision, _): "\(url) at \(revision)"
        case .huggingFace(let repository, let revision, _): "\(repository) at \(revision)"
        }
    }

    /// The commit of a repository; `nil` for what has none.
    public var revision: String? {
        switch self {
        case .git(_, let revision, _), .huggingFace(_, let revision, _): revision
        case .path, .url, .pypi: nil
        }
    }
}
