import BuildModel
import Foundation

/// A line of a list of allowed signers, as `ssh-keygen(1)` describes it: principals, options, a public key.
///
/// `ssh-keygen` reads the list when it judges; this reads what people are shown, and what they take off the list.
package struct AllowedSigner: Hashable, Sendable {
    /// Separated by commas; `*` and `?` stand for anything.
    package var principals: String
    /// `namespaces="git"`, `valid-before="20270101"`, `cert-authority`, …
    package var options: [String]
    /// `ssh-ed25519 AAAA…`, without its comment.
    package var key: String

    package init(principals: String, options: [String], key: String) {
        (self.principals, self.options, self.key) = (principals, options, key)
    }

    /// Reads a line; `nil` for a comment, an empty line, and one that is no signer.
    package init?(line: String) {
        var words = Self.parts(of: line, separatedBy: \.isWhitespace)
        guard let first = words.first, !first.hasPrefix("#"),
            let type = words.indices.dropFirst().first(where: { Self.isKeyType(words[$0]) }), words.indices.contains(type + 1)
        else { return nil }
        words.removeSubrange((type + 2)...)
        principals = first
        options = words[1..<type].flatMap { Self.parts(of: $0) { $0 == "," } }
        key = "\(words[type]) \(words[type + 1])"
    }

    /// The options are one word.
    package var line: String {
        ([principals, options.joined(separator: ","), key].filter { !$0.isEmpty }).joined(separator: " ")
    }

    /// `SHA256:…`, as OpenSSH shows a key; `nil` where the key is no Base64.
    package var fingerprint: String? {
        guard let words = key.split(separator: " ").last, let bytes = Data(base64Encoded: String(words)) else { return nil }
        return "SHA256:" + Data(Digest(hashing: bytes).bytes).base64EncodedString().replacing("=", with: "")
    }

    static func isKeyType(_ word: String) -> Bool {
        word.hasPrefix("ssh-") || word.hasPrefix("ecdsa-sha2-") || word.hasPrefix("sk-")
    }

    /// Splits at separators outside of quotation marks.
    private static func parts(of line: String, separatedBy isSeparator: (Character) -> Bool) -> [String] {
        var words = [""]
        var isQuoted = false
        for character in line {
            if character == "\"" { isQuoted.toggle() }
            if !isQuoted, isSeparator(character) {
                if words.last != "" { words.append("") }
            } else {
                words[words.count - 1].append(character)
            }
        }
        if words.last == "" { words.removeLast() }
        return words
    }
}

/// The texts of a list of allowed signers.
package enum AllowedSigners {
    package static func read(_ text: String) -> [AllowedSigner] {
        text.split(whereSeparator: \.isNewline).compactMap { AllowedSigner(line: String($0)) }
    }

    /// The list with one more line; an equal line stays once.
    package static func adding(_ signer: AllowedSigner, to text: String) -> String {
        guard !read(text).contains(signer) else { return text }
        return text + (text.isEmpty || text.hasSuffix("\n") ? "" : "\n") + signer.line + "\n"
    }

    /// The list without the lines that a test picks, and those lines.
    package static func removing(
        from text: String, where isPicked: (AllowedSigner) -> Bool
    ) -> (text: String, removed: [AllowedSigner]) {
        var removed: [AllowedSigner] = []
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).filter { line in
            guard let signer = AllowedSigner(line: String(line)), isPicked(signer) else { return true }
            removed.append(signer)
            return false
        }
        return (lines.joined(separator: "\n"), removed)
    }
}
