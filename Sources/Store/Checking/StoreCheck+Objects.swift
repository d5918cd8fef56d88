import BuildModel
import Foundation

extension StoreCheck {
    /// Every object against its name. Files on their way in belong to running builds or to killed ones: they are no
    /// results, and no problem.
    mutating func checkObjects(_ layout: StoreLayout) throws(StoreError) {
        for path in files(below: layout.objects) {
            let url = layout.objects.appending(path: path)
            guard let digest = Digest(hex: url.lastPathComponent), layout.object(digest).path == url.path else {
                problems.append(.strayFile(path: url.path))
                continue
            }
            objects += 1
            do throws(StoreError) {
                if try DurableFile.digest(of: url.path).digest != digest { problems.append(.damagedObject(digest)) }
            } catch {
                problems.append(.unreadableObject(digest, reason: "\(error)"))
            }
        }
    }

    /// Paths of all that is not a directory, sorted.
    func files(below folder: URL) -> [String] {
        ((try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []).sorted().filter {
            isFile(folder.appending(path: $0).path)
        }
    }

    func isFile(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
    }
}
