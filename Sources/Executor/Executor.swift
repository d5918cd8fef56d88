import BuildModel
import Foundation
import Store

/// Builds a graph: looks results up, runs what is missing, records lineage.
package struct Executor: Sendable {
    let store: Store
    let runner: any Runner
    let fetcher: (any SourceFetcher)?
    let remote: (any RemoteResults)?
    let endpoints: (any EndpointClient)?
    let gate: (any StageGate)?
    let resources: Resources
    /// Whether what does not depend on a failed stage is finished.
    let keepsGoing: Bool

    package init(
        store: Store, runner: any Runner, fetcher: (any SourceFetcher)? = nil, remote: (any RemoteResults)? = nil,
        endpoints: (any EndpointClient)? = nil, gate: (any StageGate)? = nil, resources: Resources = Resources(),
        keepsGoing: Bool = false
    ) {
        (self.store, self.runner, self.fetcher, self.remote) = (store, runner, fetcher, remote)
        (self.endpoints, self.gate, self.resources, self.keepsGoing) = (endpoints, gate, resources, keepsGoing)
    }

    /// Builds the targets and everything that they need. After a failed stage nothing new starts, unless the executor keeps
    /// going. A damaged object is put aside, and what it was made by runs again. When the task is cancelled, running stages
    /// are stopped and the outcome says so.
    ///
    /// - Parameter beforeRunning: asked before the first stage that is not there already; what it throws ends the build.
    /// - Throws: `StoreError` where the store itself cannot go on.
    package func build(
        _ graph: Graph, targets: [StageID], beforeRunning: () throws -> Void = {},
        onEvent: @escaping @Sendable (BuildEvent) -> Void
    ) async throws -> BuildOutcome {
        let wanted = graph.closure(of: targets)
        onEvent(.started(stages: wanted.count))
        let execution = StageExecution(executor: self, onEvent: onEvent)
        var last: BuildOutcome?
        var discarded: Set<Digest> = []
        while true {
            try store.prepare(for: wanted.count)
            defer { store.endPreparation() }
            try snapshotSources(of: graph, wanted: wanted)
            var pass = BuildPass(graph, targets: targets, execution: execution, after: last)
            try await pass.run(beforeRunning: beforeRunning)
            if pass.damaged.isEmpty { return pass.outcome }
            for object in pass.damaged {
                // Whoever damages an object anew each time is not healed by building again.
                guard discarded.insert(object).inserted else { throw StoreError.damagedObject(object) }
                try store.putAside(object)
                onEvent(.objectDiscarded(object))
            }
            last = pass.outcome
        }
    }

    /// Takes the bytes of every source file into the store before anything runs, so that files edited during the build do
    /// not leak into it.
    private func snapshotSources(of graph: Graph, wanted: [StageID]) throws {
        for id in wanted {
            guard let source = graph[id].fixedOutput, store.heldFixedOutput(of: graph[id]) == nil else { continue }
            for (path, planned) in source.places {
                guard FileManager.default.fileExists(atPath: path) else {
                    throw SourceMissing(
                        description:
                            "\(path) is not there, nor is a file with the SHA-256 \(planned) in the store; put it there, or "
                            + "import it from elsewhere")
                }
                let file = try store.importFile(at: path)
                guard file.digest == planned else {
                    throw SourceChanged(
                        description:
                            "\(path) has the SHA-256 \(file.digest), and not \(planned), with which the build was planned; run "
                            + "the build again, or put the file there that the recipe pins")
                }
            }
        }
    }
}

/// A source file that changed between planning and building, or is not the one that the recipe pins.
package struct SourceChanged: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// A source file that is pinned, and neither at its place nor in the store.
package struct SourceMissing: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// Fetches the files of sources. Only sources need one: a stage never has a network.
package protocol SourceFetcher: Sendable {
    /// Fetches a source's files into the store: all of them with the pinned bytes, or none.
    ///
    /// - Throws: a sentence for people where they cannot be had, or are others.
    func fetch(_ source: FixedOutput, into store: Store) async throws -> Artifact
}

/// Asks models behind servers on behalf of stages, which have no network.
package protocol EndpointClient: Sendable {
    /// Answers the questions of a stage, from what is recorded or by asking.
    ///
    /// - Parameters:
    ///   - questions: a file with the body of a request a line (`ChatQuestion`).
    ///   - answers: a file that is made, with a `ChatExchange` a line, in the same order.
    ///   - onWait: told when another process asks the same model, and this one has to wait.
    /// - Throws: a sentence for people where an answer cannot be had; what was answered is recorded all the same.
    func answer(
        _ questions: URL, at access: EndpointAccess, into answers: URL,
        onProgress: @escaping @Sendable (StageProgress) -> Void, onWait: @escaping @Sendable () -> Void
    ) async throws
}

/// Gives results that this store lacks, from someone else's store.
package protocol RemoteResults: Sendable {
    /// Asked before a stage would run.
    ///
    /// A result means that its stage commit has been checked, and that all its files are in this store, verified; the executor
    /// then records it with its own parents and counts the stage as cached. `nil` means that the stage has to run. An
    /// implementation that fails says so itself, once, and gives `nil`: a build never ends for want of a remote.
    func result(of key: Digest) async -> Artifact?
}

/// Asked before a stage runs, whoever wrote it.
package protocol StageGate: Sendable {
    /// - Parameter inputs: the stage commits that its inputs came from.
    func permission(for action: Action, named name: String, inputs: [CommitID]) throws -> StagePermission
}

/// Whether a stage may run.
package enum StagePermission: Hashable, Sendable {
    case granted
    /// It came from elsewhere: it may run where it is kept from everything around it.
    case isolated
    /// Why not, for a person.
    case refused(String)
}
