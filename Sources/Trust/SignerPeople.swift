import Foundation

/// Which of the allowed signers are one person: names on one line of the list, and names with one key.
///
/// Two witnesses must be two people, whatever one of them is called elsewhere on the list.
struct SignerPeople: Sendable {
    private var representatives: [String: String] = [:]

    /// - Parameter list: a text in OpenSSH's format of allowed signers.
    init(_ list: String) {
        for signer in AllowedSigners.read(list) {
            let names = Self.names(in: signer) + [signer.key]
            for name in names.dropFirst() { join(names[0], name) }
        }
        // Whoever may sign for anybody may be anybody. An authority names each signer in a certificate.
        let all = AllowedSigners.read(list).filter { !$0.options.contains("cert-authority") }.flatMap(Self.names)
        for pattern in all where pattern.contains(where: { "*?".contains($0) }) {
            for name in all where fnmatch(pattern, name, 0) == 0 { join(pattern, name) }
        }
    }

    /// One name for all of a person's names, in any case of letters.
    func person(_ principal: String) -> String { find(principal.lowercased()) }

    private static func names(in signer: AllowedSigner) -> [String] {
        signer.principals.replacing("\"", with: "").lowercased().split(separator: ",").map(String.init)
    }

    private func find(_ name: String) -> String {
        var name = name
        while let next = representatives[name], next != name { name = next }
        return name
    }

    private mutating func join(_ one: String, _ other: String) {
        let (first, second) = (find(one), find(other))
        if first != second { representatives[max(first, second)] = min(first, second) }
    }
}
