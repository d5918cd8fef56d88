import ArgumentParser
import Foundation
import Sharing
import Store

/// The options of push, pull and clone.
struct ExchangeOptions: ParsableArguments {
    @Option(help: "A Git LFS server for the files (else the remote's lfsurl, lfs.url, or what the address gives).")
    var lfs: String?

    @OptionGroup var results: ResultOptions

    func show(_ phase: ExchangePhase) {
        switch phase {
        case .checked(let stages, let builds, let gitObjects, let bytes):
            Console.progress(
                "  checked  \(count(stages, "new stage")), \(count(builds, "new build")) "
                    + "(\(count(gitObjects, "git object")), \(ByteCount.text(bytes)))")
        case .compared(let references):
            Console.progress("  compared  \(count(references, "ref")) to send")
        case .objects(let moved, let bytes, let present):
            Console.progress("  files    \(moved) moved, \(ByteCount.text(bytes)); \(present) were there already")
        }
    }

    /// Runs an exchange and prints what it did.
    ///
    /// - Parameter next: the command that helps where the remote is ahead.
    func reporting(next: String? = nil, _ body: () async throws -> ExchangeSummary) async throws {
        let summary: ExchangeSummary
        do {
            summary = try await body()
        } catch let error as RemoteError {
            let isBehind = if case .behind = error { true } else { false }
            throw CommandFailure(status: ExitStatus.stageFailed, message: error.description, hint: isBehind ? next : nil)
        } catch let error as SharingError {
            throw CommandFailure.badInput(error.description)
        }
        for line in summary.said { Console.progress("  remote   \(line)") }
        if results.asJSON { return Console.output(json: summary.json) }
        for change in summary.changes {
            let reason = change.reason.isEmpty ? "" : " (\(change.reason))"
            Console.output("\(change.step.rawValue.padded(to: 9))  \(change.commit.hex.prefix(12))  \(change.name)\(reason)")
        }
        for refusal in summary.leftOut { Console.progress("  left out  \(refusal)") }
        Console.output(
            "\(count(summary.actions, "new result")), "
                + (summary.witnesses > 0 ? (summary.witnesses == 1 ? "1 witness, " : "\(summary.witnesses) witnesses, ") : "")
                + "\(count(summary.objects, "file")), "
                + "\(ByteCount.text(summary.bytes)); \(summary.remote)"
        )
    }

    private func count(_ number: Int, _ noun: String) -> String { number == 1 ? "1 \(noun)" : "\(number) \(noun)s" }
}

/// What is exchanged with which remote.
struct ExchangeArguments: ParsableArguments {
    @Argument(help: "A path, an address (file, http, https, ssh), or a remote of the lineage repository (else origin).")
    var remote: String?

    @Argument(help: "Names of recipes (else all, with tags).")
    var recipes: [String] = []

    @OptionGroup var options: ExchangeOptions

    func run(_ use: RemoteUse, next: String? = nil, _ exchange: (Store, Remote) async throws -> ExchangeSummary) async throws {
        let store = try options.results.open()
        try await options.reporting(next: next) {
            let remote = try Remote(remote, objectServer: options.lfs, for: store, use: use)
            for warning in remote.warnings { Console.progress("warning: \(warning)") }
            return try await exchange(store, remote)
        }
    }
}

struct PushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Give builds, their lineage and their files to a remote.")

    @OptionGroup var what: ExchangeArguments

    func run() async throws {
        try what.options.results.store.requireStore()
        try await what.run(.sending, next: "pull" + (what.remote.map { " \($0)" } ?? "")) { store, remote in
            try await store.push(what.recipes, to: remote) { what.options.show($0) }
        }
    }
}

struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Take builds, their lineage and their files from a remote, all of it checked.")

    @OptionGroup var what: ExchangeArguments

    @Option(help: "Take this recipe, tag, commit or kind of stage whoever made it; may be given several times.")
    var accept: [String] = []

    @Flag(inversion: .prefixedNo, help: "Sign a build that puts yours and theirs together (else as commit.gpgsign says).")
    var sign: Bool?

    func run() async throws {
        try await what.run(.receiving) { store, remote in
            try await store.pull(
                what.recipes.isEmpty ? .everything : .recipes(what.recipes), from: remote, accepting: Set(accept),
                signer: SSHSigner.forBuilds(asked: sign, store.signingSettings())
            ) { what.options.show($0) }
        }
    }
}
