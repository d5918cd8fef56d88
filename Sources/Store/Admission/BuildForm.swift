import BuildModel
import CLibgit2
import CanonicalJSON

/// What a build commit must be: a recipe, a plan whose stages are there, and the targets' own trees.
struct BuildForm {
    let commit: GitCommit
    let root: [TreeEntry]

    private var subject: String { "the build commit \(commit.id)" }

    private func refusal(_ reason: String) -> Refusal { Refusal(subject: subject, reason: reason) }

    /// Checks the commit; its parents have been.
    func check(_ checked: inout CommitCheck) throws {
        var plan: JSON?
        var targets: git_oid?
        var attributes: [UInt8] = []
        var hasRecipe = false
        for entry in root {
            switch (entry.name, entry.isDirectory) {
            case ("plan.json", false):
                plan = try? JSON(
                    parsing: checked.blob(entry.id, entry.name, atMost: checked.limits.planBytes, of: subject))
                guard plan != nil else { throw refusal("its plan.json is no JSON, or too long") }
            case (".gitattributes", false):
                attributes = try checked.blob(
                    entry.id, entry.name, atMost: checked.limits.attributesBytes, of: subject)
            case ("targets", true): targets = entry.id
            case (let name, false) where Artifact.isPortable(path: name):
                _ = try checked.blob(entry.id, name, atMost: checked.limits.recipeBytes, of: subject)
                hasRecipe = hasRecipe || name == "recipe.yaml"
            default: throw refusal("'\(TreeForm.shown(entry.name))' is no part of a build")
            }
        }
        guard let plan, let targets else { throw refusal("it has no plan.json or no targets") }
        guard hasRecipe else { throw refusal("it has no recipe.yaml") }
        let built = try checkTargets(plan, targets, attributes, &checked)
        try checkStages(plan, &checked)
        try checkParents(built, &checked)
    }

    /// Every target's tree is its stage commit's own.
    private func checkTargets(
        _ plan: JSON, _ tree: git_oid, _ attributes: [UInt8], _ checked: inout CommitCheck
    ) throws -> [CommitID] {
        var trees: [FileName: git_oid] = [:]
        for entry in try checked.directory(tree, at: "targets/", of: subject) {
            guard entry.isDirectory else { throw refusal("'targets/\(TreeForm.shown(entry.name))' is no target") }
            trees[FileName(entry.name)] = entry.id
        }
        var commits: [CommitID] = []
        var pointers: [String] = []
        for target in plan["targets"]?.array ?? [] {
            guard let name = target["name"]?.string, let id = target["commit"]?.string,
                let artifact = target["artifact"]?.string
            else { throw refusal("its plan.json has a target without a name, a commit or an artifact") }
            let shown = TreeForm.shown(name)
            guard let record = try checked.stage(CommitID(hex: id)) else {
                throw refusal("its target '\(shown)' names the commit \(TreeForm.shown(id)), which is no stage commit")
            }
            guard record.artifact.digest.hex == artifact else {
                throw refusal("its target '\(shown)' names another artifact than the stage commit \(id) has")
            }
            guard let found = trees.removeValue(forKey: FileName(name)),
                let stage = try checked.quarantine.commit(record.commit),
                let own = try checked.quarantine.entry("artifact", of: stage.tree), ObjectName(own) == ObjectName(found)
            else { throw refusal("its target '\(shown)' holds other files than the stage commit \(id)") }
            commits.append(record.commit)
            pointers += record.artifact.files.filter { checked.isPointer($0, of: own) }.map { "targets/\(name)/\($0.path)" }
        }
        if let other = trees.keys.sorted().first {
            throw refusal("its plan.json says nothing of the target '\(TreeForm.shown(other.text))'")
        }
        guard attributes == Array(ArtifactTree.attributes(pointers: pointers).utf8) else {
            throw refusal("its .gitattributes is not as Decant writes it")
        }
        return commits
    }

    private func checkStages(_ plan: JSON, _ checked: inout CommitCheck) throws {
        guard let stages = plan["stages"]?.array else { throw refusal("its plan.json has no stages") }
        for stage in stages {
            guard let name = stage["name"]?.string, let id = stage["commit"]?.string,
                try checked.stage(CommitID(hex: id)) != nil
            else {
                let name = TreeForm.shown(stage["name"]?.string ?? "?")
                throw refusal("its stage '\(name)' names no stage commit that came along")
            }
            guard name.utf8.count <= 1024 else { throw refusal("it has a stage with a name of more than 1024 bytes") }
        }
    }

    /// Builds before it first, then the targets' commits, each once.
    private func checkParents(_ targets: [CommitID], _ checked: inout CommitCheck) throws {
        var stages: [CommitID] = []
        for parent in commit.parents {
            if try checked.stage(parent) != nil {
                stages.append(parent)
            } else if try checked.plan(of: parent) == nil || !stages.isEmpty {
                throw refusal("its parent \(parent) is no build before it and no stage of it")
            }
        }
        guard stages == targets.uniqued() else { throw refusal("its parents are not the commits of its targets") }
        guard commit.parents.count - stages.count <= 2 else { throw refusal("it follows more than two builds") }
    }
}

extension CommitCheck {
    /// Whether the tree of a checked artifact has a pointer for a file.
    func isPointer(_ file: Artifact.File, of tree: git_oid) -> Bool {
        guard let id = try? quarantine.entry(file.path, of: tree), let content = try? quarantine.readBlob(id) else {
            return false
        }
        return LFSPointer(content) != nil
    }
}
