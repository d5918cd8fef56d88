import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// What a build commit must be: a recipe, a plan whose stages are there, and the targets' own trees.
struct BuildRules {
    let commit: GitCommit
    let root: [(name: String, isDirectory: Bool, id: git_oid)]

    private var subject: String { "the build commit \(commit.id)" }

    private func refusal(_ reason: String) -> Refusal { Refusal(subject: subject, reason: reason) }

    /// Checks the commit; its parents have been.
    func check(_ inspection: inout Inspection) throws {
        var plan: JSON?
        var targets: git_oid?
        var attributes: [UInt8] = []
        var hasRecipe = false
        for entry in root {
            switch (entry.name, entry.isDirectory) {
            case ("plan.json", false):
                plan = try? JSON(
                    parsing: inspection.blob(entry.id, entry.name, atMost: inspection.limits.planBytes, of: subject))
                guard plan != nil else { throw refusal("its plan.json is no JSON, or too long") }
            case (".gitattributes", false):
                attributes = try inspection.blob(
                    entry.id, entry.name, atMost: inspection.limits.attributesBytes, of: subject)
            case ("targets", true): targets = entry.id
            case (let name, false) where Artifact.isPortable(path: name):
                _ = try inspection.blob(entry.id, name, atMost: inspection.limits.recipeBytes, of: subject)
                hasRecipe = hasRecipe || name == "recipe.yaml"
            default: throw refusal("'\(TreeRules.shown(entry.name))' is no part of a build")
            }
        }
        guard let plan, let targets else { throw refusal("it has no plan.json or no targets") }
        guard hasRecipe else { throw refusal("it has no recipe.yaml") }
        let built = try checkTargets(plan, targets, attributes, &inspection)
        try checkStages(plan, &inspection)
        try checkParents(built, &inspection)
    }

    /// Every target's tree is its stage commit's own.
    private func checkTargets(
        _ plan: JSON, _ tree: git_oid, _ attributes: [UInt8], _ inspection: inout Inspection
    ) throws -> [CommitID] {
        var trees: [String: git_oid] = [:]
        for entry in try inspection.directory(tree, at: "targets/", of: subject) ?? [] {
            guard entry.isDirectory else { throw refusal("'targets/\(TreeRules.shown(entry.name))' is no target") }
            trees[entry.name] = entry.id
        }
        var commits: [CommitID] = []
        var pointers: [String] = []
        for target in plan["targets"]?.array ?? [] {
            guard let name = target["name"]?.string, let id = target["commit"]?.string,
                let artifact = target["artifact"]?.string
            else { throw refusal("its plan.json has a target without a name, a commit or an artifact") }
            let shown = TreeRules.shown(name)
            guard let record = try inspection.stage(CommitID(hex: id)) else {
                throw refusal("its target '\(shown)' names the commit \(TreeRules.shown(id)), which is no stage commit")
            }
            guard record.artifact.digest.hex == artifact else {
                throw refusal("its target '\(shown)' names another artifact than the stage commit \(id) has")
            }
            guard let found = trees.removeValue(forKey: name), let stage = try inspection.quarantine.commit(record.commit),
                let own = try inspection.quarantine.entry("artifact", of: stage.tree), ObjectName(own) == ObjectName(found)
            else { throw refusal("its target '\(shown)' holds other files than the stage commit \(id)") }
            commits.append(record.commit)
            pointers += record.artifact.files.filter { inspection.isPointer($0, of: own) }.map { "targets/\(name)/\($0.path)" }
        }
        if let other = trees.keys.sorted().first {
            throw refusal("its plan.json says nothing of the target '\(TreeRules.shown(other))'")
        }
        guard attributes == Array(ArtifactTree.attributes(pointers: pointers).utf8) else {
            throw refusal("its .gitattributes is not as Decant writes it")
        }
        return commits
    }

    private func checkStages(_ plan: JSON, _ inspection: inout Inspection) throws {
        guard let stages = plan["stages"]?.array else { throw refusal("its plan.json has no stages") }
        for stage in stages {
            guard let name = stage["name"]?.string, let id = stage["commit"]?.string,
                try inspection.stage(CommitID(hex: id)) != nil
            else {
                let name = TreeRules.shown(stage["name"]?.string ?? "?")
                throw refusal("its stage '\(name)' names no stage commit that came along")
            }
            guard name.utf8.count <= 1024 else { throw refusal("it has a stage with a name of more than 1024 bytes") }
        }
    }

    /// Builds before it first, then the targets' commits, each once.
    private func checkParents(_ targets: [CommitID], _ inspection: inout Inspection) throws {
        var stages: [CommitID] = []
        for parent in commit.parents {
            if try inspection.stage(parent) != nil {
                stages.append(parent)
            } else if try inspection.build(parent) == nil || !stages.isEmpty {
                throw refusal("its parent \(parent) is no build before it and no stage of it")
            }
        }
        guard stages == StageCommit.unique(targets) else { throw refusal("its parents are not the commits of its targets") }
        guard commit.parents.count - stages.count <= 2 else { throw refusal("it follows more than two builds") }
    }
}

extension Inspection {
    /// Whether a file of a checked artifact's tree stands there as a pointer.
    func isPointer(_ file: Artifact.File, of tree: git_oid) -> Bool {
        guard let id = try? quarantine.entry(file.path, of: tree), let content = try? quarantine.readBlob(id) else {
            return false
        }
        return LFSPointer(content) != nil
    }
}
