import BuildModel
import Foundation

extension StoreCheck {
    /// Every file of a ref against what git makes of it: it passes over those that it cannot read.
    mutating func checkReferenceFiles(_ layout: StoreLayout, _ repository: GitRepository) throws(StoreError) {
        let folder = layout.repository.appending(path: "refs")
        let known = Set(try repository.references(startingWith: "refs/"))
        for path in files(below: folder) where !path.hasSuffix(".lock") {
            let file = folder.appending(path: path)
            if known.contains("refs/" + path), Self.isReference(file) { continue }
            problems.append(.unreadableReference(name: "refs/" + path, path: file.path))
        }
    }

    /// Whether a file holds what git writes into that of a ref, to the byte.
    private static func isReference(_ file: URL) -> Bool {
        guard let content = try? String(contentsOf: file, encoding: .utf8), content.hasSuffix("\n") else { return false }
        let target = content.dropLast()
        return GitRepository.id(String(target)) != nil || target.hasPrefix("ref: refs/")
    }

    /// Every ref against the commit that it names.
    mutating func checkReferences(_ repository: GitRepository) throws(StoreError) {
        for name in try repository.references(startingWith: "refs/") {
            if let fault = fault(of: name, in: repository) { problems.append(.wrongReference(name: name, reason: fault)) }
        }
    }

    private func fault(of name: String, in repository: GitRepository) -> String? {
        guard let target = try? repository.target(of: name) else { return "cannot be read" }
        if name.hasPrefix(StageCommit.references) {
            guard let record = try? StageCommit.read(target, from: repository) else { return "names no stage commit" }
            let isRight = StageCommit.reference(for: record.action.key) == name
            return isRight ? nil : "names the commit of another action, \(record.action.key)"
        }
        if name.hasPrefix(BuildCommit.branches) {
            guard let commit = try? repository.commit(target), (try? BuildCommit.plan(of: commit, in: repository)) != nil
            else { return "names no build" }
            let recipe = name.dropFirst(BuildCommit.branches.count)
            return commit.message.hasPrefix(recipe + ": ") ? nil : "names a build of another recipe"
        }
        if name == RunNotes.reference {
            return (try? RunNotes.seconds(in: repository)) == nil ? "cannot be read" : nil
        }
        if name.hasPrefix("refs/tags/") || name.hasPrefix("refs/remotes/") {
            return repository.commitTarget(of: name) != nil ? nil : "names no commit"
        }
        return "is none of the store's refs"
    }

    /// HEAD against the branches: a plain clone checks out what it names.
    mutating func checkHead(_ layout: StoreLayout, _ repository: GitRepository) throws(StoreError) {
        guard Self.isReference(layout.repository.appending(path: "HEAD")) else {
            problems.append(.wrongHead("cannot be read"))
            return
        }
        let branches = try repository.references(startingWith: BuildCommit.branches)
        guard let head = repository.headTarget() else {
            problems.append(.wrongHead("cannot be read"))
            return
        }
        if !branches.isEmpty, !branches.contains(head) { problems.append(.wrongHead("names \(head), which is no branch")) }
    }
}
