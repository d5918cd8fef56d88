import BuildModel
import Foundation
import HTTP

/// Why files from outside could not be had, in a sentence.
package struct FetchError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// The status of HTTP that refused the file.
    private(set) var status: Int?
    private(set) var isMissingProgram = false

    init(_ description: String) { self.description = description }

    private static let hint = "where there is no network, `decant import FILE` takes a copy of the file"

    static func invalidURL(_ url: String) -> FetchError { FetchError("'\(url)' is not an http or https URL") }

    /// A word of the recipe that must not reach a command line or an address; `expected` says what may stand there.
    static func invalid(_ text: String, expected: String) -> FetchError { FetchError("'\(text)' is not \(expected)") }

    /// A download that failed.
    init(_ error: DownloadError, url: URL) {
        let url = url.absoluteString
        switch error {
        case .unreachable(let reason): description = "\(url) cannot be reached: \(reason); \(Self.hint)"
        case .refused(let status):
            description = "\(url) answered with HTTP status \(status)"
            self.status = status
        case .tooLarge(let limit): self = .unexpectedAnswer(url: url, reason: "it has more than \(limit) bytes")
        case .cannotWrite(let reason): self = .cannotKeep(origin: url, reason: reason)
        case .cancelled: description = "\(url) was not fetched to its end"
        }
    }

    static func unexpectedAnswer(url: String, reason: String) -> FetchError {
        FetchError("\(url) gave an answer that cannot be read: \(reason)")
    }

    static func programMissing(origin: String, program: String) -> FetchError {
        var error = FetchError("\(origin) cannot be fetched: that needs \(program), which is missing here; \(hint)")
        error.isMissingProgram = true
        return error
    }

    static func programFailed(origin: String, program: String, reason: String) -> FetchError {
        FetchError("\(origin) cannot be fetched: \(program) says: \(reason); \(hint)")
    }

    static func unknownRevision(url: String, revision: String) -> FetchError {
        FetchError("\(url) has no branch, tag or commit '\(revision)'; a commit is named by all of its 40 digits")
    }

    static func noMember(origin: String, pattern: String, there: [String]) -> FetchError {
        FetchError("\(origin) has no file that matches '\(pattern)'; it has \(list(there))")
    }

    static func cannotKeep(origin: String, reason: String) -> FetchError {
        FetchError("\(origin) could not be kept: \(reason)")
    }

    /// At most twenty names.
    static func list(_ names: [String]) -> String {
        if names.isEmpty { return "no file" }
        return names.prefix(20).joined(separator: ", ") + (names.count > 20 ? " and \(names.count - 20) more" : "")
    }

    /// Runs something whose failure means that this machine cannot keep what was fetched.
    static func keeping<Result>(_ label: String, _ body: () throws -> Result) throws(FetchError) -> Result {
        do {
            return try body()
        } catch {
            throw .cannotKeep(origin: label, reason: error.localizedDescription)
        }
    }
}
