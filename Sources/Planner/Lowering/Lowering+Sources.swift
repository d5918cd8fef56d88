import BuildModel
import Declarations
import Kinds
import RecipeLanguage

extension Lowering {
    /// The stage that a name stands for: one of the recipe's own, else a source. `nil` where a problem was found.
    mutating func addReference(_ name: Spanned<String>, _ pipeline: Pipeline) throws -> StageID? {
        if let stage = pipeline.stages.first(where: { $0.name.value == name.value }) {
            return try addOwnStage(stage, pipeline, askedAt: name.span)
        }
        guard let source = recipe.source(named: name.value) else {
            throw UnresolvedSource(name: name.value)
        }
        return try addSource(source)
    }

    mutating func addReferences(_ names: [Spanned<String>], as role: String, _ pipeline: Pipeline) throws -> [Stage.Input]? {
        var inputs: [Stage.Input] = []
        for (index, name) in names.enumerated() {
            guard let stage = try addReference(name, pipeline) else { return nil }
            inputs.append(.init(name: "\(role).\(index)", stage: stage))
        }
        return inputs
    }

    mutating func addSource(_ source: Source) throws -> StageID? {
        let origin = source.fetchOrigin(revision: lock?.revision(of: source))
        switch source.origin {
        case .path(let path): return try addFile(path, of: source)
        case .http: return try addPinned(SourceHTTP.self, source, origin)
        case .pypi: return try addPinned(SourcePyPI.self, source, origin)
        case .git: return try addPinned(SourceGit.self, source, origin)
        case .huggingFace: return try addPinned(SourceHuggingFace.self, source, origin)
        }
    }

    private mutating func addFile(_ path: Spanned<String>, of source: Source) throws -> StageID? {
        guard let snapshot = snapshots[source.name.value] else { throw UnresolvedSource(name: source.name.value) }
        let title = StageTitle.named("source.\(source.name.value)")
        let output = FixedOutput(
            files: snapshot.files, origin: snapshot.isFolder ? .folder(snapshot.path) : .path(snapshot.path))
        if snapshot.isFolder {
            var kind = SourceFolder.standard
            kind.files = path.map { _ in output.files.map { PinnedFile(path: $0.path, sha256: $0.digest.hex) } }
            return try builder.add(kind, title, fixedOutput: output)
        }
        var kind = SourceFile.standard
        kind.$file = path.map { _ in output.files[0].path }
        kind.$sha256 = path.map { _ in output.files[0].digest.hex }
        return try builder.add(kind, title, fixedOutput: output)
    }

    private mutating func addPinned<Kind: PinnedSource>(
        _ kind: Kind.Type, _ source: Source, _ origin: FixedOutput.Origin
    ) throws -> StageID? {
        let files: [FixedOutput.File]
        switch SourcePins(source, lock) {
        case .success(let pinned): files = pinned
        case .failure(let problem):
            problems.append(problem.diagnostic)
            return nil
        }
        let output = FixedOutput(files: files, origin: origin)
        let pin = (source.sha256 ?? source.name).place
        // The name of a single file is that of its member, or the end of its address.
        let name = source.members.value.isEmpty ? source.origin.written.place : source.members.place
        let parts =
            output.files.count == 1 ? ["0": Place(pin.span, field: pin.field, parts: ["path": name, "sha256": pin])] : [:]
        var pinned = kind.standard
        pinned.files = Spanned(
            output.files.map { PinnedFile(path: $0.path, sha256: $0.digest.hex) },
            at: Place(pin.span, field: pin.field, parts: parts))
        return try builder.add(pinned, .named("source.\(source.name.value)"), fixedOutput: output)
    }
}

/// A source that an unchecked recipe names and that does not exist.
struct UnresolvedSource: Error, CustomStringConvertible {
    var name: String
    var description: String { "The source '\(name)' was not resolved before planning." }
}
