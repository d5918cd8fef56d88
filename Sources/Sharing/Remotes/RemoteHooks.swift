import Foundation
import Store

/// What the owner of a repository on this machine lets run when somebody pushes to it. Libgit2 runs no hooks, so the git program
/// takes such a push: it runs them with git's own input and environment, and in a quarantine.
struct RemoteHooks {
    private static let known = [
        "pre-receive", "update", "proc-receive", "reference-transaction", "post-receive", "post-update", "push-to-checkout",
    ]

    let repository: URL
    /// Those that git would run.
    let names: [String]

    init(of repository: URL) {
        self.repository = repository
        let setting = GitConfiguration(repository: repository).value("core.hookspath")
        let home = ProcessInfo.processInfo.environment["HOME"] ?? ""
        let path = setting.map { $0.hasPrefix("~/") ? home + $0.dropFirst() : $0 } ?? "hooks"
        let folder = path.hasPrefix("/") ? path : repository.path + "/" + path
        names = Self.known.filter { name in
            var status = stat()
            let file = folder + "/" + name
            return stat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(file, X_OK) == 0
        }
    }

    /// Pushes through git: all refs move, or none.
    ///
    /// - Returns: what the hooks said.
    /// - Throws: `RemoteError.rejected` where a hook refuses, or where there is no git program to run it.
    func push(_ updates: [ReferenceChange], from ours: URL) throws -> [String] {
        let folder = URL.temporaryDirectory.appending(path: "decant-push-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        let (questions, said) = (folder.appending(path: "refs"), folder.appending(path: "said"))
        let lines = updates.map { "\($0.commit.hex):\($0.name)\n" }.joined()
        try Data(lines.utf8).write(to: questions)
        try Data().write(to: said)

        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "git", "--git-dir=\(ours.path)", "send-pack", "--stdin", "--atomic", repository.path,
        ]
        var environment = ProcessInfo.processInfo.environment.filter { !Self.dropped.contains($0.key) }
        environment["LC_ALL"] = "C"
        process.environment = environment
        process.standardInput = try FileHandle(forReadingFrom: questions)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: said)
        try process.run()
        process.waitUntilExit()
        let text = String(decoding: (try? Data(contentsOf: said)) ?? Data(), as: UTF8.self)
        let heard = text.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("remote: ") }
            .map { Self.plain($0.dropFirst("remote: ".count)) }.filter { !$0.isEmpty }
        guard process.terminationStatus != 0 else { return heard }
        throw rejection(text, heard, updates, isMissing: process.terminationStatus == 127)
    }

    private func rejection(
        _ text: String, _ heard: [String], _ updates: [ReferenceChange], isMissing: Bool
    ) -> RemoteError {
        let first = updates.first?.name ?? "the push"
        if isMissing {
            return .rejected(
                remote: repository.path, reference: first,
                reason: "it has hooks (\(names.joined(separator: ", "))), which the git program runs, and there is none here; "
                    + "install git, or push to the repository through a server")
        }
        // Of an atomic push, one ref is the reason and the others follow it.
        let lines = text.split(whereSeparator: \.isNewline)
        let faults = lines.compactMap { line -> (name: String, reason: String)? in
            guard let match = line.firstMatch(of: /! \[.*rejected\] +\S+ -> (\S+) \((.*)\)/) else { return nil }
            return (String(match.1), String(match.2))
        }
        let fault = faults.first { !$0.reason.contains("atomic") } ?? faults.first
        let name = fault.flatMap { fault in updates.first { $0.name.hasSuffix(fault.name) }?.name } ?? first
        let reason = fault?.reason ?? lines.last.map { Self.plain($0) } ?? "git says nothing"
        return .rejected(
            remote: repository.path, reference: name,
            reason: ([reason] + heard.prefix(10)).joined(separator: "\n  ") + "\n  (hooks of that repository: "
                + names.joined(separator: ", ") + ")")
    }

    /// Variables that would make git work on another repository.
    private static let dropped: Set = [
        "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH",
    ]

    /// Nothing of it reaches a terminal as a command.
    private static func plain(_ text: some StringProtocol) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }))
            .trimmingCharacters(in: .whitespaces)
    }
}
