import BuildModel
import CanonicalJSON
import Diagnostics
import Foundation
import Kinds
import Planner
import RecipeLanguage
import Stages
import Store

extension CommitID {
    /// The first twelve digits, for people.
    var short: String { String(hex.prefix(12)) }
}

extension StoredBuild {
    /// On one line: what, when, who.
    var heading: String { "\(commit.short)  \(time.formatted(.iso8601))  \(recipe)  \(author)" }
}

extension BuildTexts {
    var source: SourceText { SourceText(path: "recipe.yaml", text: recipe) }

    /// Gives the recipes that are extended in the order in which they are asked for: that is how they are kept.
    var loader: RecipeReader.Loader {
        var next = 0
        return { _, _ in
            next += 1
            let name = "extends-\(next).yaml"
            return companions[name].map { SourceText(path: name, text: $0) }
        }
    }
}

extension Store {
    /// A stage commit with the stages that its inputs came from.
    func lineageStage(_ commit: CommitID) throws -> Lineage.Stage {
        guard let record = try stageCommit(commit.hex) else {
            throw CommandFailure.badInput("the stage commit \(commit) is not in this store", hint: "fsck")
        }
        return try lineageStage(of: record)
    }

    /// The report of a build with the stage commit that it is of; `nil` where the build made none.
    func report(of build: StoredBuild) throws -> (json: JSON, record: StageRecord)? {
        for target in build.targets where target.name == "report" {
            if let record = try stageCommit(target.commit.hex), let json = try report(in: record.artifact) {
                return (json, record)
            }
        }
        return nil
    }

    /// The curve of a training; `nil` where the artifact has none, or a damaged one.
    func curve(of artifact: Artifact) throws -> CurveText? {
        try read(TrainingCurve.file, of: artifact).map(CurveText.init)
    }

    /// The report in an artifact; `nil` where there is none.
    func report(in artifact: Artifact) throws -> JSON? { try read(Report.file, of: artifact) }

    /// The content of a file; `nil` where the artifact has no such file, or one that cannot be read.
    func read<Content: ByteContent>(_ file: File<Content>, of artifact: Artifact) throws -> Content? {
        guard let entry = artifact[file.name] else { return nil }
        let bytes = try readObject(entry.digest)
        return try? Content(parsing: Data(bytes), named: file.name)
    }
}

extension Artifact {
    /// Whether it is a model folder.
    var isModel: Bool { self[ModelFiles.weights] != nil || isGGUF }

    /// Whether it is a model that is quantized for llama.cpp: its weights are a GGUF file.
    var isGGUF: Bool { self[ModelFiles.gguf] != nil && self[ModelFiles.configuration.name] != nil }
}
