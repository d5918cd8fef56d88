import ArgumentParser
import BuildModel
import Foundation
import Kinds
import Store
import Trust

struct TrustCommandCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "command", abstract: "Allow a command that came from elsewhere to run here.",
        discussion: """
            A stage of the kind 'exec', or one whose judge is a program, that was received runs its command only where that is \
            allowed, by the command's digest: that of its words, its environment, and the files that sources and other commands \
            give it. Commands of your own builds need no permission.
            """)

    @Argument(help: "A stage or target (BUILD:NAME), a commit, or the command's digest of 64 digits.")
    var command: String

    @Flag(help: "Allow it no more.")
    var remove = false

    @OptionGroup var options: ResultOptions

    func run() throws {
        let store = try options.open()
        let allowed = try find(in: store)
        guard remove else {
            try store.allow(allowed)
            return Console.output("allowed to run here: \(allowed.words)\n\(allowed.digest.hex)")
        }
        let done = try store.editTrust(Trust.settingsFile) { text in
            var settings = try TrustSettings(text: text)
            let done = settings.forbid(commandOf: allowed.digest)
            text = settings.text
            return done
        }
        guard done else { throw CommandFailure.badInput("the command was not allowed", hint: "trust show") }
        Console.output("allowed to run no more: \(allowed.words)")
    }

    private func find(in store: Store) throws -> AllowedCommand {
        if let digest = Digest(hex: command) {
            let known = try store.commandStages().compactMap { CommandText($0.record.action, inputs: $0.inputs) }
            return AllowedCommand(digest: digest, words: known.first { $0.digest == digest }?.words ?? "not known here yet")
        }
        let target = try StoredTarget(command, in: store)
        guard let text = CommandText(target.record.action, inputs: try store.inputs(of: target.record)) else {
            throw CommandFailure.badInput("\(target.name) is of the kind \(target.record.action.kind), which runs no command")
        }
        return AllowedCommand(digest: text.digest, words: text.words)
    }
}
