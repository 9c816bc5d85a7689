// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "SendAndReceive",
  platforms: [.macOS(.v26)],
  dependencies: [
    // With a checkout elsewhere: .package(url: "https://…/martlet", from: "0.1.0")
    .package(name: "martlet", path: "../.."),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .executableTarget(
      name: "SendAndReceive",
      dependencies: [
        .product(name: "Martlet", package: "martlet"),
        .product(name: "SystemPackage", package: "swift-system"),
      ])
  ]
)
