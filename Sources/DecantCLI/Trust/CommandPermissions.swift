import BuildModel
import CanonicalJSON
import Executor
import Foundation
import Kinds
import Store
import Synchronization
import Trust

/// Which commands may run here: those that were made here, and those from elsewhere that somebody allowed.
final class CommandPermissions: StageGate {
    /// What the store knows of commands; looked up when the first one is about to run.
    private struct Known {
        /// Digests of commands that a build here ran.
        var made: Set<Digest> = []
        var received: [Digest: Arrival] = [:]
        /// Where the recipe came from that is being built, or a part of it.
        var recipe: Arrival?
    }

    private let store: Store
    /// The texts of the recipe that is being built.
    private let texts: Set<String>
    /// Names of stages and beginnings of digests that may run this time.
    private let allowedNow: [String]
    private let known = Mutex<Known?>(nil)
    /// Names of stages that the person at the terminal allowed, before their inputs were known.
    private let answered = Mutex<Set<String>>([])

    init(for store: Store, texts: [String] = [], allowing allowedNow: [String] = []) {
        (self.store, self.texts, self.allowedNow) = (store, Set(texts), allowedNow)
    }

    /// A command that came from elsewhere and that nobody has allowed.
    struct Question {
        var name: String
        var command: CommandText
        var arrival: Arrival

        var words: String {
            "the command of \(CommandText.escaped(name)) came from \(CommandText.escaped(arrival.origin)), and nobody has allowed "
                + "it here: \(command.words)"
        }
    }

    /// Where a stage's command came from; `nil` for one's own, and for a stage that runs none.
    ///
    /// - Parameters:
    ///   - inputs: the stages that its inputs came from.
    ///   - arrival: the mark on the stage itself, where it is there already.
    func foreign(
        _ action: Action, named name: String, inputs: [StageRecord], arrival: Arrival? = nil
    ) throws -> Question? {
        guard let command = CommandText(action, inputs: inputs) else { return nil }
        let known = try knownCommands()
        guard !known.made.contains(command.digest),
            let origin = arrival ?? known.received[command.digest] ?? known.recipe
        else { return nil }
        return Question(name: name, command: command, arrival: origin)
    }

    /// Whether somebody allowed a command, for good or for this run.
    func allows(_ question: Question) throws -> Bool {
        let digest = question.command.digest
        if allowedNow.contains(where: { $0 == question.name || $0.utf8.count >= 8 && digest.hex.hasPrefix($0) }) { return true }
        return try store.trust().settings.allows(commandOf: digest)
    }

    /// Keeps an answer.
    func allow(_ command: CommandText) throws { try store.allow(AllowedCommand(digest: command.digest, words: command.words)) }

    // MARK: Builds

    /// Asks the person at the terminal about every command that may have to run, before anything does. Without a terminal
    /// nobody is asked, and the stage is refused when its turn comes.
    func ask(about stages: [Stage]) throws {
        let commands = stages.filter { CommandKinds.command(of: $0.kind, $0.parameters) != nil }
        guard Console.inputIsTerminal, !commands.isEmpty else { return }
        let known = try knownCommands()
        for stage in commands where known.recipe != nil || !known.received.isEmpty {
            let action = Action(
                kind: stage.kind, revision: stage.revision, parameters: stage.parameters, inputs: [], numerics: stage.numerics)
            guard !allowedNow.contains(stage.name), try isForeign(commandOf: action),
                let words = CommandText(action, inputs: [])?.words
            else { continue }
            if Console.ask("\(CommandText.escaped(stage.name)) runs a command from elsewhere:\n  \(words)\nAllow it?") {
                answered.withLock { _ = $0.insert(stage.name) }
            }
        }
    }

    func permission(for action: Action, named name: String, inputs: [CommitID]) throws -> StagePermission {
        guard action.command != nil else { return .granted }
        let records = try inputs.compactMap { try store.stageCommit($0.hex) }
        guard let question = try foreign(action, named: name, inputs: records) else { return .granted }
        if answered.withLock({ $0.contains(name) }) { try allow(question.command) }
        if try allows(question) { return .isolated }
        return .refused(
            "\(question.words)\nAllow it: \(Console.command("trust command \(question.command.digest.hex)"))"
                + " (or this once: --allow-command \(name))")
    }

    /// Whether a command may be asked about that is known by its words alone.
    private func isForeign(commandOf action: Action) throws -> Bool {
        let known = try knownCommands()
        if known.recipe != nil { return true }
        return try store.commandStages().contains { $0.arrival != nil && $0.record.action.command == action.command }
    }

    // MARK: What is known

    private func knownCommands() throws -> Known {
        try known.withLock { known in
            if let found = known { return found }
            var found = Known()
            let received = try texts.isEmpty ? [] : store.receivedTexts()
            found.recipe = received.first { texts.contains($0.text) }?.arrival
            for stage in try store.commandStages() {
                guard let digest = CommandText(stage.record.action, inputs: stage.inputs)?.digest else { continue }
                if let arrival = try stage.arrival ?? store.arrival(of: stage.record) {
                    found.received[digest] = arrival
                } else {
                    found.made.insert(digest)
                }
            }
            known = found
            return found
        }
    }
}

extension Store {
    /// Every stage that the store knows of a kind that may run a command.
    func commandStages() throws -> [MarkedStage] { try stages(ofKinds: Set(CommandKinds.names)) }

    /// Lets a command from elsewhere run here from now on.
    func allow(_ command: AllowedCommand) throws {
        try editTrust(Trust.settingsFile) { text in
            var settings = try TrustSettings(text: text)
            settings.allow(command)
            text = settings.text
        }
    }
}
