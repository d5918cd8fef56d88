import BuildModel
import Foundation
import Store

/// Runs a stage of a lineage again, in a clean place, and compares every byte with what the lineage says it gave.
///
/// Nothing of it enters the store, and no checkpoint of an earlier run is used.
package struct StageVerifier: Sendable {
    private let store: Store
    private let runner: any Runner
    private let threads: Int
    private let measurements: Set<String>

    /// The result of running a stage again.
    package enum Verdict: Sendable {
        /// The same bytes, after so many seconds.
        case same(seconds: Double)
        /// A source: its objects are what their names say. There is nothing to run.
        case held
        /// A source whose artifact is not what it pins: words that follow its name.
        case replaced(String)
        /// It was measured, of another machine or at another time: its objects are what their names say, and that is all.
        case measurement
        case differs(ArtifactDifference)
        case failed(StageFailureReport)
    }

    /// - Parameter measurements: names of kinds whose bytes are other ones each time.
    package init(store: Store, runner: any Runner, threads: Int, measurements: Set<String> = []) {
        (self.store, self.runner, self.threads, self.measurements) = (store, runner, threads, measurements)
    }

    /// - Parameters:
    ///   - lineage: has the stage and those that its inputs came from.
    ///   - isolated: whether its command must be kept from everything around it.
    /// - Throws: `StoreError` where an object that the stage needs or gave is damaged or missing.
    package func verify(
        _ stage: Lineage.Stage, in lineage: Lineage, isolated: Bool = false,
        progress: @escaping @Sendable (StageProgress) -> Void
    ) async throws -> Verdict {
        let artifact = stage.record.artifact
        let place = URL.temporaryDirectory.appending(path: "decant-verify-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: place) }
        if stage.record.action.isSource {
            if let fault = stage.record.action.pinFault(of: artifact) { return .replaced(fault) }
            try store.checkObjects(of: artifact)
            return .held
        }
        if measurements.contains(stage.record.action.kind) {
            try store.checkObjects(of: artifact)
            return .measurement
        }
        var workspace = StageWorkspace(directory: place)
        workspace.needsIsolation = isolated
        let inputs = try stage.inputs.map { input in
            guard let source = lineage[input.commit] else { throw IncompleteLineage(stage: stage.commit, input: input.name) }
            return (input.name, source.record.artifact)
        }
        try workspace.prepare(for: stage.record.action, inputs: inputs, from: store)
        // A model behind a server is not asked again: what it answered is part of the artifact.
        if let exchanges = artifact[ChatExchange.fileName] { try store.copyObject(exchanges.digest, to: workspace.answers) }
        let started = Date()
        let exit = try await runner.run(workspace, threads: threads, onProgress: progress)
        guard exit.status != StageExit.asks else {
            return .failed(StageFailureReport(reason: "it asks a model what the artifact holds no answer to"))
        }
        guard exit.status == 0 else {
            return .failed(StageFailureReport(exit, in: workspace))
        }
        let seconds = Date().timeIntervalSince(started)
        let difference = try ArtifactDifference(stored: artifact, in: store, made: workspace.outputs)
        return difference.map(Verdict.differs) ?? .same(seconds: seconds)
    }
}

/// A stage commit without the commit that one of its inputs came from.
package struct IncompleteLineage: Error, Sendable, CustomStringConvertible {
    package var stage: CommitID
    package var input: String
    package var description: String { "the stage commit \(stage) names no commit for its input '\(input)'" }
}

/// The first place where an artifact that was made again is not the one that is stored.
package struct ArtifactDifference: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The stored artifact has the file, the new one lacks it.
        case missing
        /// The new one has a file more.
        case added
        /// From this byte on; where one file is the other's beginning, the shorter one's size.
        case bytes(offset: Int)
    }

    /// The first by path.
    package var file: String
    package var kind: Kind
    /// Files that differ, this one among them.
    package var count: Int
    /// The artifact that was made; `nil` where what was made can be none.
    package var made: Digest?

    /// Compares a directory with an artifact; `nil` where all bytes are the same.
    init?(stored artifact: Artifact, in store: Store, made directory: URL) throws {
        let made = Set(try Self.files(below: directory).map { FileName($0) })
        let stored = Dictionary(artifact.files.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var first: (file: String, kind: Kind)?
        var count = 0
        for name in made.union(stored.keys).sorted() {
            let kind: Kind?
            if let file = stored[name] {
                kind =
                    made.contains(name)
                    ? try Self.compare(file, in: store, with: directory.appending(path: name.text)) : .missing
            } else {
                kind = .added
            }
            guard let kind else { continue }
            count += 1
            if first == nil { first = (name.text, kind) }
        }
        guard let first else { return nil }
        (file, kind) = first
        self.count = count
        self.made = try? store.artifact(of: directory).digest
    }

    /// Byte by byte: the stored file is also hashed on the way, so that a damaged object is not taken for a difference.
    private static func compare(_ file: Artifact.File, in store: Store, with made: URL) throws -> Kind? {
        guard let object = store.object(file.digest) else { throw StoreError.missingObject(file.digest) }
        let left = try FileHandle(forReadingFrom: object.url)
        let right = try FileHandle(forReadingFrom: made)
        defer {
            try? left.close()
            try? right.close()
        }
        var hasher = DigestHasher()
        var offset = 0
        var difference: Int?
        while true {
            let stored = try left.read(upToCount: 1 << 20) ?? Data()
            stored.withUnsafeBytes { hasher.update($0) }
            if difference == nil {
                let new = try right.read(upToCount: 1 << 20) ?? Data()
                if stored != new { difference = offset + zip(stored, new).prefix { $0 == $1 }.count }
            }
            if stored.isEmpty { break }
            offset += stored.count
        }
        guard hasher.finish() == file.digest else { throw StoreError.damagedObject(file.digest) }
        return difference.map(Kind.bytes)
    }

    private static func files(below directory: URL) throws -> [String] {
        guard let listing = FolderListing(of: directory, followsLinks: false) else { return [] }
        return try listing.paths() + listing.unspeakable
    }
}
