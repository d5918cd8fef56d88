import CLibgit2
import Foundation

/// Who made a commit, and when.
package struct GitSignature: Hashable {
    package var name: String
    package var email: String
    package var time: Date
    /// Minutes east of Greenwich.
    var offset: Int32

    /// The constant signature of stage commits: their ids depend on nothing but what they hold.
    static let lineage = GitSignature(
        name: "Decant", email: "lineage@decant.invalid", time: Date(timeIntervalSince1970: 946_684_800), offset: 0)

    /// As libgit2 takes it; the caller frees it.
    func copied() throws(StoreError) -> UnsafeMutablePointer<git_signature>? {
        var copy: UnsafeMutablePointer<git_signature>?
        let seconds = git_time_t(time.timeIntervalSince1970)
        try GitRepository.check(git_signature_new(&copy, name, email, seconds, offset), "sign a commit")
        return copy
    }
}

extension GitSignature {
    /// Whose part of a commit: each has variables of its own, which say more than the settings.
    package enum Part: String {
        case author = "AUTHOR"
        case committer = "COMMITTER"
    }

    /// What `GIT_AUTHOR_NAME`, `GIT_AUTHOR_EMAIL` and `GIT_AUTHOR_DATE` say, or those of the committer.
    func overridden(by environment: [String: String], as part: Part) -> GitSignature {
        var signature = self
        func value(_ name: String) -> String? {
            environment["GIT_\(part.rawValue)_\(name)"].flatMap { $0.isEmpty ? nil : $0 }
        }
        // Libgit2 refuses what git leaves out.
        let forbidden = CharacterSet(charactersIn: "<>").union(.controlCharacters)
        func plain(_ text: String) -> String {
            text.components(separatedBy: forbidden).joined().trimmingCharacters(in: .whitespaces)
        }
        if let name = value("NAME").map(plain), !name.isEmpty { signature.name = name }
        if let email = value("EMAIL").map(plain), !email.isEmpty { signature.email = email }
        if let (time, offset) = value("DATE").flatMap(Self.date) { (signature.time, signature.offset) = (time, offset) }
        return signature
    }

    /// Reads `@1700000000 +0100`, `1700000000 +0100`, ISO 8601 and the dates of mails; `nil` for another text.
    static func date(_ text: String) -> (time: Date, offset: Int32)? {
        if let match = text.wholeMatch(of: /@?(\d{1,12})(?: ([+-])(\d\d)(\d\d))?/), let seconds = Double(match.1) {
            return (Date(timeIntervalSince1970: seconds), minutes(match.2, match.3, match.4))
        }
        let zone = text.firstMatch(of: /([+-])(\d\d):?(\d\d)$/)
        let offset = minutes(zone?.1, zone?.2, zone?.3)
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        let formats = [
            "yyyy-MM-dd'T'HH:mm:ssXXX", "yyyy-MM-dd'T'HH:mm:ssXX", "yyyy-MM-dd HH:mm:ss XX", "yyyy-MM-dd'T'HH:mm:ss",
            "yyyy-MM-dd HH:mm:ss", "EEE, dd MMM yyyy HH:mm:ss XX",
        ]
        for format in formats {
            formatter.dateFormat = format
            if let time = formatter.date(from: text) { return (time, offset) }
        }
        return nil
    }

    private static func minutes(_ sign: Substring?, _ hours: Substring?, _ minutes: Substring?) -> Int32 {
        let sum = (hours.flatMap { Int32($0) } ?? 0) * 60 + (minutes.flatMap { Int32($0) } ?? 0)
        return sign == "-" ? -sum : sum
    }
}

extension GitRepository {
    /// Who the environment or else git's configuration names, at this moment.
    package func localSignature(as part: GitSignature.Part = .committer) -> GitSignature {
        configuredSignature.overridden(by: ProcessInfo.processInfo.environment, as: part)
    }

    private var configuredSignature: GitSignature {
        var signature: UnsafeMutablePointer<git_signature>?
        guard git_signature_default(&signature, pointer) == 0, let signature else {
            let user = NSUserName().isEmpty ? "unknown" : NSUserName()
            return GitSignature(name: user, email: "\(user)@localhost", time: Date(), offset: 0)
        }
        defer { git_signature_free(signature) }
        return GitSignature(
            name: String(cString: signature.pointee.name), email: String(cString: signature.pointee.email),
            time: Date(), offset: signature.pointee.when.offset)
    }
}
