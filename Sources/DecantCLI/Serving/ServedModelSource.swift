import BuildModel
import CanonicalJSON
import Engine
import Foundation
import Serving
import Store
import Synchronization

/// Where a server's models come from: the store, at the start, and whenever a name means another model.
final class ServedModelSource: Sendable {
    /// A name, and what a person means by it.
    private struct Wish: Sendable {
        var name: String
        var reference: String
    }

    private struct State {
        var commits: [String: CommitID] = [:]
        /// Names that were told to be lost, so that it is told once.
        var lost: Set<String> = []
        /// When models were loaded again.
        var reloads: [String: Date] = [:]
        var server: ModelServer?
    }

    private let directory: URL
    private let written: [String]
    private let workers: WorkerPool
    private let limits: EngineLimits
    private let cachePrecision: CachePrecision
    private let wishes = Mutex<[Wish]>([])
    private let state = Mutex(State())

    /// - Parameter written: as a person writes it: a reference, perhaps behind a name and `=`.
    init(
        at store: StoreOptions, _ written: [String], workers: WorkerPool, limits: EngineLimits, cachePrecision: CachePrecision
    ) {
        directory = store.directory
        (self.written, self.workers, self.limits) = (written, workers, limits)
        self.cachePrecision = cachePrecision
    }

    var names: [String] { wishes.withLock { $0.map(\.name) } }

    /// Models that are loaded from here on take the place of those of their names.
    func serve(with server: ModelServer) { state.withLock { $0.server = server } }

    /// - Throws: where something is no model, or cannot be read.
    func loadAll() throws -> [ServedModel] {
        // Opened for no longer than needed: nobody can remove anything from a store meanwhile.
        let store = try Store(at: directory)
        var models: [ServedModel] = []
        for text in written {
            let (wish, target) = try Self.wish(text, in: store)
            guard !names.contains(wish.name) else {
                throw CommandFailure.badInput("two models have the name '\(wish.name)'; write NAME=\(wish.reference)")
            }
            wishes.withLock { $0.append(wish) }
            models.append(try load(wish, target, from: store))
        }
        return models
    }

    /// Loads the models whose names mean others now. What cannot be loaded is told, and the model before it goes on.
    func follow() {
        guard let store = try? Store(at: directory) else { return }
        for wish in wishes.withLock({ $0 }) {
            do {
                guard let target = try Self.target(wish.reference, in: store), target.record.artifact.isModel else {
                    throw CommandFailure.badInput("'\(wish.reference)' means no model anymore")
                }
                guard state.withLock({ $0.commits[wish.name] }) != target.record.commit else { continue }
                replace(try load(wish, target, from: store))
                Console.progress("'\(wish.name)' is now \(target.name), commit \(target.record.commit.short)")
                state.withLock { _ = $0.lost.remove(wish.name) }
            } catch {
                guard state.withLock({ $0.lost.insert(wish.name).inserted }) else { continue }
                Console.progress("warning: '\(wish.name)' stays as it is: \(Self.reason(error))")
            }
        }
    }

    /// Seconds from one loading of a broken model to the next: what breaks at once would be loaded without end.
    private static let pause = 60.0

    /// Loads a model again whose engine broke.
    func reload(_ name: String) {
        let now = Date()
        let isDue = state.withLock { state in
            if let last = state.reloads[name], now.timeIntervalSince(last) < Self.pause { return false }
            state.reloads[name] = now
            return true
        }
        guard isDue, let wish = wishes.withLock({ $0.first { $0.name == name } }) else { return }
        DispatchQueue.global().async { [self] in
            do {
                let store = try Store(at: directory)
                guard let commit = state.withLock({ $0.commits[name] }),
                    let target = try StoredTarget.find(commit.hex, in: store)
                else { throw CommandFailure.badInput("its commit is not in the store anymore") }
                replace(try load(wish, target, from: store))
            } catch {
                Console.progress("warning: '\(name)' cannot be loaded again: \(Self.reason(error))")
            }
        }
    }

    private func replace(_ model: ServedModel) { state.withLock { $0.server }?.replace(model) }

    private func load(_ wish: Wish, _ target: StoredTarget, from store: Store) throws -> ServedModel {
        guard target.record.artifact.isModel else { throw CommandFailure.badInput("\(target.name) is no model") }
        let stored = try StoredModel(target, in: store)
        var (model, conventions) = try stored.load(from: store)
        model.keyValues = cachePrecision
        let build = try target.build ?? store.build(with: target.record.commit)
        let identity = ServedModel.Identity(
            name: wish.name, commit: target.record.commit.hex,
            lineage: try LineageRendering(of: target, in: store).json(of: target),
            created: Int(build?.time.timeIntervalSince1970 ?? 0))
        let served = ServedModel(
            identity, model, convention: conventions.usual, withFunctions: conventions.withFunctions,
            usualTokens: stored.answerStyle.usualTokens, callThreshold: try stored.callThreshold(in: store), workers: workers,
            limits: limits)
        state.withLock { $0.commits[wish.name] = target.record.commit }
        return served
    }

    // MARK: What a person means

    private static func wish(_ text: String, in store: Store) throws -> (Wish, StoredTarget) {
        // Names of variants may have the sign too.
        if let target = try Self.target(text, in: store) { return (Wish(name: text, reference: text), target) }
        if let sign = text.firstIndex(of: "="), sign != text.startIndex {
            let (name, reference) = (String(text[..<sign]), String(text[text.index(after: sign)...]))
            if let target = try Self.target(reference, in: store) { return (Wish(name: name, reference: reference), target) }
        }
        // This says what is wrong.
        return (Wish(name: text, reference: text), try StoredTarget(text, in: store))
    }

    /// A stage, a target, a tag or a commit; of a build, its one model. `nil` where nothing has this name.
    private static func target(_ reference: String, in store: Store) throws -> StoredTarget? {
        if let target = try StoredTarget.find(reference, in: store) { return target }
        guard let build = try store.findBuild(reference) else { return nil }
        let models = try build.targets.compactMap { target in
            try StoredTarget.find("\(build.commit.hex):\(target.name)", in: store)
        }.filter(\.record.artifact.isModel)
        guard models.count == 1 else {
            let choices = build.targets.map { "\(reference):\($0.name)" }.joined(separator: ", ")
            throw CommandFailure.badInput(
                "'\(reference)' is a build with \(models.count) models; name one of its targets: \(choices)")
        }
        return models[0]
    }

    private static func reason(_ error: any Error) -> String {
        (error as? CommandFailure)?.message ?? ErrorText.of(error)
    }
}
