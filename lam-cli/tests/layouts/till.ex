defmodule Till do
  def state, do: "Till is " <> File.read!(Path.join(:code.priv_dir(:till), "state"))
end
