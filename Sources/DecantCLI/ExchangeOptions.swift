import ArgumentParser
import CanonicalJSON
import Sharing
import Store

/// What push, pull and clone have in common.
struct ExchangeOptions: ParsableArguments {
    @Option(help: "A Git LFS server for the files (else the remote's lfsurl, lfs.url, or what the address gives).")
    var lfs: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

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
        if output.asJSON { return Console.output(summary.json.canonicalText) }
        for change in summary.changes {
            let reason = change.reason.isEmpty ? "" : " (\(change.reason))"
            Console.output("\(change.step.rawValue.padded(to: 9))  \(change.commit.hex.prefix(12))  \(change.name)\(reason)")
        }
        for refusal in summary.leftOut { Console.progress("  left out  \(refusal)") }
        Console.output(
            "\(count(summary.actions, "new result")), \(count(summary.objects, "file")), "
                + "\(ByteCount.text(summary.bytes)); \(summary.remote)"
        )
    }

    private func count(_ number: Int, _ noun: String) -> String { number == 1 ? "1 \(noun)" : "\(number) \(noun)s" }
}
