import Store

/// What a command wants of a remote.
package enum RemoteUse: Sendable {
    case receiving
    case sending
}

/// Git's `url.<base>.insteadOf` and `pushInsteadOf`: addresses that begin so stand for others. They hold for git's part of a
/// remote and for its files.
struct AddressRewriting {
    private let reading: [(base: String, prefix: String)]
    private let pushing: [(base: String, prefix: String)]

    init(_ configuration: GitConfiguration) {
        reading = configuration.values(section: "url", key: "insteadof").map { ($0.middle, $0.value) }
        pushing = configuration.values(section: "url", key: "pushinsteadof").map { ($0.middle, $0.value) }
    }

    /// The address that is meant.
    ///
    /// - Parameter isForPushes: whether the setting that names it speaks of pushes only (`pushurl`); then `pushInsteadOf` does
    ///   not.
    func meant(by text: String, for use: RemoteUse, isForPushes: Bool = false) -> String {
        if use == .sending, !isForPushes, let found = Self.replace(text, by: pushing) { return found }
        return Self.replace(text, by: reading) ?? text
    }

    /// The longest beginning counts.
    private static func replace(_ text: String, by rules: [(base: String, prefix: String)]) -> String? {
        let fitting = rules.filter { !$0.prefix.isEmpty && text.utf8.starts(with: $0.prefix.utf8) }
        guard let rule = fitting.max(by: { $0.prefix.utf8.count < $1.prefix.utf8.count }) else { return nil }
        return rule.base + String(decoding: text.utf8.dropFirst(rule.prefix.utf8.count), as: UTF8.self)
    }
}

extension GitConfiguration {
    /// The address of a remote, by its name; `nil` where there is no such remote.
    func address(ofRemote name: String, for use: RemoteUse) -> (text: String, isForPushes: Bool)? {
        let places = values("remote.\(name).url")
        if use == .sending, let place = values("remote.\(name).pushurl").first { return (place, true) }
        return places.first.map { ($0, false) }
    }
}

extension Store {
    /// What is meant by the name of a remote of the lineage repository; `nil` where there is no such remote.
    package func address(ofRemote name: String) -> String? {
        gitConfiguration.address(ofRemote: name, for: .receiving).map {
            AddressRewriting(gitConfiguration).meant(by: $0.text, for: .receiving)
        }
    }
}
