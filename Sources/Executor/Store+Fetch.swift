import BuildModel
import Foundation
import Store

extension Store {
    /// Fetches an origin's files and takes them in, whatever they are: what a lock file then pins.
    public func fetch(_ origin: FixedOutput.Origin, with fetcher: any SourceFetcher) async throws -> Artifact {
        let key = Digest(hashing: origin.described)
        let scratch = try makeScratch(for: key)
        defer { removeScratch(for: key) }
        let directory = scratch.appending(path: "files", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        var files: [Artifact.File] = []
        for path in try await fetcher.fetch(origin, into: directory) {
            let file = try importFile(at: directory.appending(path: path).path)
            files.append(.init(path: path, size: file.size, digest: file.digest))
        }
        return Artifact(files: files)
    }

    /// Fetches pinned files. A source of one file takes the one that comes, whatever its name; of several, each by its path.
    ///
    /// - Throws: `FetchError` where files are missing or other than they are pinned.
    func fetch(_ source: FixedOutput, with fetcher: any SourceFetcher) async throws -> Artifact {
        let fetched = try await fetch(source.origin, with: fetcher)
        let origin = source.origin.described
        if let pinned = source.files.first, source.files.count == 1 {
            guard let file = fetched.files.count == 1 ? fetched.files.first : fetched[pinned.path] else {
                throw FetchError.unexpectedFiles(
                    origin: origin, wanted: "several files where the recipe pins one; name it in 'member'",
                    found: fetched.files.map(\.path))
            }
            try Self.check(file, is: pinned, origin)
            return Artifact(files: [.init(path: pinned.path, size: file.size, digest: file.digest)])
        }
        let files = try source.files.map { pinned in
            guard let file = fetched[pinned.path] else {
                throw FetchError.unexpectedFiles(
                    origin: origin, wanted: "no '\(pinned.path)'", found: fetched.files.map(\.path))
            }
            try Self.check(file, is: pinned, origin)
            return file
        }
        return Artifact(files: files)
    }

    private static func check(_ file: Artifact.File, is pinned: FixedOutput.File, _ origin: String) throws {
        if file.digest != pinned.digest {
            throw FetchError.unexpectedDigest(origin: origin, expected: pinned.digest, found: file.digest)
        }
    }
}
