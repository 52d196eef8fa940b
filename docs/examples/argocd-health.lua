-- Health of a CodeLocation for Argo CD, from the conditions that Reef's controller writes.
-- In the ConfigMap argocd-cm: resource.customizations.health.dagster-reef.io_CodeLocation: |
local hs = { status = "Progressing", message = "Reef's controller has not looked at it yet." }
if obj.status == nil or obj.status.conditions == nil then
  return hs
end
if obj.status.observedGeneration ~= obj.metadata.generation then
  hs.message = "Reef's controller has not looked at the change yet."
  return hs
end

local found = {}
for _, condition in ipairs(obj.status.conditions) do
  found[condition.type] = condition
end
local function holds(kind)
  return found[kind] ~= nil and found[kind].status == "True"
end

if holds("Stalled") then
  return { status = "Degraded", message = found.Stalled.message }
end
if holds("Degraded") then
  return { status = "Degraded", message = found.Degraded.message }
end
if holds("Reconciling") then
  return { status = "Progressing", message = found.Reconciling.message }
end
if holds("Ready") then
  return { status = "Healthy", message = found.Ready.message }
end
if found.Ready ~= nil then
  hs.message = found.Ready.message
end
return hs
