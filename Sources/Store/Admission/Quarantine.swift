import CLibgit2
import Foundation

/// A repository for git objects that were received and are not trusted yet, as git's own `receive-pack` has one. It sees the
/// lineage's objects and writes none of them.
package final class Quarantine {
    package let repository: GitRepository
    private let folder: URL

    /// What killed processes left is removed.
    ///
    /// - Parameter seesOurs: whether the lineage's objects are there.
    init(for layout: StoreLayout, ours: GitRepository, seesOurs: Bool = true) throws(StoreError) {
        Self.removeLeftovers(in: layout.quarantine)
        folder = layout.quarantine.appending(path: "\(getpid())-\(UUID().uuidString)", directoryHint: .isDirectory)
        try DurableFile.makeFolder(folder)
        do {
            _ = try GitRepository(at: folder)
            if seesOurs {
                let objects = layout.repository.appending(path: "objects").path
                try Data("\(objects)\n".utf8).write(to: folder.appending(path: "objects/info/alternates"))
                try Data(Self.packedReferences(of: ours).utf8).write(to: folder.appending(path: "packed-refs"))
            }
            repository = try GitRepository(at: folder)
        } catch {
            try? FileManager.default.removeItem(at: folder)
            throw (error as? StoreError) ?? .cannotWrite(path: folder.path, reason: error.localizedDescription)
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Bytes of git's that came.
    package var size: Int {
        packs.reduce(0) { sum, pack in
            var status = stat()
            return stat(pack.appendingPathExtension("pack").path, &status) == 0 ? sum + Int(status.st_size) : sum
        }
    }

    /// The packs that came, each without its ending.
    private var packs: [URL] {
        let folder = folder.appending(path: "objects/pack", directoryHint: .isDirectory)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".pack") }.sorted().map {
            folder.appending(path: String($0.dropLast(".pack".count)))
        }
    }

    /// Moves the packs into the lineage; the index, which makes git see a pack, last.
    func publishPacks(in layout: StoreLayout) throws(StoreError) {
        let destination = layout.repository.appending(path: "objects/pack", directoryHint: .isDirectory)
        for pack in packs {
            for ending in ["pack", "idx"] {
                let file = pack.appendingPathExtension(ending)
                try DurableFile.publish(file, as: destination.appending(path: file.lastPathComponent), below: layout.root)
            }
        }
    }

    /// Our refs under other names, so that a server learns what we have.
    private static func packedReferences(of ours: GitRepository) throws(StoreError) -> String {
        var lines = ["# pack-refs with: sorted "]
        for name in try ours.references(startingWith: "refs/") {
            guard let target = try? ours.target(of: name), let id = GitRepository.id(target.hex),
                ours.type(of: id) == GIT_OBJECT_COMMIT
            else { continue }
            lines.append("\(target) refs/ours/\(name.dropFirst("refs/".count))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func removeLeftovers(in folder: URL) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] {
            guard let owner = name.split(separator: "-").first.flatMap({ Int32($0) }) else { continue }
            let isAlive = owner == getpid() || kill(owner, 0) == 0 || errno == EPERM
            if !isAlive { try? FileManager.default.removeItem(at: folder.appending(path: name)) }
        }
    }
}
