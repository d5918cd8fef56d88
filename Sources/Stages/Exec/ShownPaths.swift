import CContainment
import Foundation
import Programs

/// What a command sees of the machine: the system's programs and libraries, a few devices, and the folder it runs in.
struct ShownPaths {
    struct Path {
        let kind: containment_kind
        let source: String
        let target: String
        let isOptional: Bool
    }

    /// In the order in which they are laid over each other.
    private(set) var paths: [Path] = []

    /// Programs and libraries.
    private static let system = [
        "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/gnu/store",
    ]

    /// What programs read of `/etc`; the rest of it holds secrets.
    private static let settings: Set = [
        "alternatives", "ca-certificates", "ca-certificates.conf", "debian_version", "fonts", "group", "host.conf", "hostname",
        "hosts", "ImageMagick-6", "ImageMagick-7", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias", "locale.conf",
        "localtime", "login.defs", "lsb-release", "magic", "magic.mime", "mime.types", "nsswitch.conf", "OpenCL", "os-release",
        "passwd", "perl", "pki", "profile", "protocols", "R", "resolv.conf", "rpc", "services", "shells", "terminfo",
        "timezone",
        "vulkan", "xml",
    ]
    private static let settingsBeginnings = ["java", "jvm", "python"]

    private static let devices = ["null", "zero", "full", "random", "urandom"]
    private static let processors = ["dri", "kfd", "dxg", "nvidia"]

    /// - Parameters:
    ///   - path: the `PATH` of the command.
    ///   - isOwn: whether the recipe is the user's own, so that it may name folders of the user's and reach graphics processors.
    init(for directory: FreshDirectory, path: String, program: String, isOwn: Bool, memory: Int) {
        for folder in Self.system { show(folder) }
        for name in Self.names(in: "/etc")
        where Self.settings.contains(name) || Self.settingsBeginnings.contains(where: name.hasPrefix) { show("/etc/\(name)") }
        for name in ["certs", "openssl.cnf"] { show("/etc/ssl/\(name)") }
        show(isOwn ? "/sys" : "/sys/devices/system")
        showDevices(graphics: isOwn, memory: memory)
        add(CONTAINMENT_PROCESSES, "proc", at: "/proc", isOptional: true)
        add(CONTAINMENT_WRITE, directory.systemTemporary.path, at: "/tmp")
        add(CONTAINMENT_LINK, "/tmp", at: "/var/tmp")
        let root = Self.realPath(directory.root.path) ?? directory.root.path
        hideSurroundings(of: root)
        if isOwn { showPrograms(along: path, program: program, besides: root) }
        add(CONTAINMENT_WRITE, directory.root.path, at: directory.root.path)
        add(CONTAINMENT_READ, directory.inputs.path, at: directory.inputs.path)
    }

    private mutating func add(_ kind: containment_kind, _ source: String, at target: String, isOptional: Bool = false) {
        paths.append(Path(kind: kind, source: source, target: target, isOptional: isOptional))
    }

    /// Shows what is there, links as links.
    private mutating func show(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFLNK, let text = try? FileManager.default.destinationOfSymbolicLink(atPath: path) {
            add(CONTAINMENT_LINK, text, at: path)
        } else {
            add(CONTAINMENT_READ, path, at: path, isOptional: true)
        }
    }

    private mutating func showDevices(graphics: Bool, memory: Int) {
        for name in Self.devices { add(CONTAINMENT_DEVICE, "/dev/\(name)", at: "/dev/\(name)") }
        for name in graphics ? Self.names(in: "/dev") : [] where Self.processors.contains(where: name.hasPrefix) {
            add(CONTAINMENT_DEVICE, "/dev/\(name)", at: "/dev/\(name)", isOptional: true)
        }
        for (name, number) in [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")] {
            add(CONTAINMENT_LINK, "/proc/self/fd\(number)", at: "/dev/\(name)")
        }
        add(CONTAINMENT_MEMORY, "mode=1777,size=\(memory / 2)", at: "/dev/shm")
    }

    /// Hides the store where it lies in a folder of the system's, as in `/opt`.
    private mutating func hideSurroundings(of root: String) {
        guard let shown = Self.system.first(where: { root.hasPrefix($0 + "/") }) else { return }
        let parts = root.split(separator: "/")
        // `<store>/scratch/<key>/exec`.
        let store = "/" + parts.dropLast(3).joined(separator: "/")
        add(CONTAINMENT_EMPTY, "", at: store.hasPrefix(shown + "/") ? store : "/" + parts.dropLast().joined(separator: "/"))
    }

    /// Shows where the programs of a declared `PATH` are: a virtual environment is more than its folder of programs.
    private mutating func showPrograms(along path: String, program: String, besides root: String) {
        var folders = path.split(separator: ":").map(String.init)
        if program.hasPrefix("/") { folders += [program, Self.realPath(program) ?? program].map(Self.above) }
        for folder in folders where folder.hasPrefix("/") {
            guard let real = Self.realPath(folder), !Self.isShown(real), real != "/", !root.hasPrefix(real + "/") else {
                continue
            }
            for name in Set([folder, real]) { add(CONTAINMENT_READ, real, at: name, isOptional: true) }
            let environment = Self.above(real)
            guard real.hasSuffix("/bin"), Self.isEnvironment(environment), !root.hasPrefix(environment + "/") else { continue }
            for name in Set([Self.above(folder), environment]) {
                add(CONTAINMENT_READ, environment, at: name, isOptional: true)
            }
        }
    }

    /// Whether a folder is all programs' and libraries', and nobody's home.
    private static func isEnvironment(_ folder: String) -> Bool {
        let marks = ["pyvenv.cfg", "conda-meta", "lib"].map { "\(folder)/\($0)" }
        return folder != "/" && folder != realPath(FileManager.default.homeDirectoryForCurrentUser.path)
            && marks.contains(where: FileManager.default.fileExists(atPath:))
    }

    private static func above(_ path: String) -> String { URL(fileURLWithPath: path).deletingLastPathComponent().path }

    /// Whether a path is in a folder of the system's.
    static func isShown(_ path: String) -> Bool { system.contains { path == $0 || path.hasPrefix($0 + "/") } }

    private static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    private static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
